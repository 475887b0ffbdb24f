"""The charts of a report: which figure over what, from the stored document."""

from dataclasses import replace
from datetime import date

from apps.common import dates
from apps.common.charts import COLUMN, PHONE, WIDE, Chart, Plot, number_label, percent_label
from apps.common.dots import Axis, Ranged, Reference, by_group, over_time
from apps.common.numerals import fixed
from apps.reports.engine import rounding
from apps.reports.engine.document import Document, Figure, Point, ThresholdSection
from apps.reports.engine.rounding import Unit, figure_text, unit_of
from apps.reports.pages import contents, picture_charts
from apps.reports.pages.contents import currency, metric_over_time, slice_of_chart, slices_of
from apps.reports.pages.curve import Curve, over_score
from apps.reports.pages.sheets import losses, reveals
from apps.reports.pages.sheets.layout import Sheet
from apps.reports.pages.wording import slice_value

ROOMY = 12  # dots between which a number can stand
Plots = tuple[Plot, Plot]  # wide, phone


def charts_of(document: Document, sheet: Sheet) -> dict[str, Chart]:
    """The charts that the sheet shows, by name; one without any figure is left out."""
    charts = {}
    for section in sheet.sections:
        text = section.chart
        if text and (plots := _plots(document, text.name, is_half=section.is_half)):
            charts[text.name] = Chart(
                text.figures.caption, text.description, *plots, paper=_on_paper(document, text.name)
            )
    return charts


def _plots(document: Document, name: str, *, is_half: bool) -> Plots | None:
    if name == "by_time":
        return _by_time(document, is_half=is_half)
    if name == "threshold":
        return _over_score(document, width=COLUMN if is_half else WIDE)
    if name == "reveals":
        return _by_shown(document)
    if name == "losses":
        return _by_loss(document)
    slice_name = slice_of_chart(document, name)
    return _by_slice(document, slice_name) if slice_name else picture_charts.plots_of(document, name)


def _on_paper(document: Document, name: str) -> Plot | None:
    """Draw narrower on paper what is as wide as a page."""
    if name == "by_time" and document["kind"] == "performance":
        return _in_width(document, WIDE)
    return picture_charts.on_paper(document, name)


def _by_time(document: Document, *, is_half: bool) -> Plots:
    width = COLUMN if is_half else picture_charts.PAGE if document["kind"] == "performance" else WIDE
    return _in_width(document, width), _in_width(document, PHONE)


def _in_width(document: Document, width: int) -> Plot:
    metric = metric_over_time(document)
    figures = [_in_time(point, metric, document["step"]) for point in document["series"]]
    figures = _with_newest_named(figures, document, metric)
    return over_time(figures, axis_of(contents.unit(document, metric)), width=width)


def _in_time(point: Point, metric: str, step: str) -> Ranged:
    start = date.fromisoformat(point["start"])
    label = f"{start:%b}" if step == "month" else dates.short(start)
    return _ranged(label, point["figures"].get(metric), is_open=point["state"] != "final")


def _ranged(label: str, figure: Figure | None, *, is_open: bool = False) -> Ranged:
    if figure is None or figure["value"] is None:
        return Ranged(label, None)
    # How often model and baseline differ is counted, whether the truth is known or not.
    is_open = (is_open and figure["method"] != "wilson") or figure["code"] == "preliminary"
    return Ranged(label, figure["value"], figure["low"], figure["high"], is_open)


def _with_newest_named(figures: list[Ranged], document: Document, metric: str) -> list[Ranged]:
    """The newest final figure shows its number where there is room, and the newest open one says what hollow means."""
    known = [index for index, figure in enumerate(figures) if figure.value is not None]
    closed, hollow = ([i for i in known if figures[i].is_open is is_open] for is_open in (False, True))
    texts: dict[int, str] = {}
    if hollow:
        is_final = document["series"][hollow[-1]]["state"] == "final"
        texts[hollow[-1]] = "preliminary" if is_final else "still open"
    if closed and len(figures) <= ROOMY:
        newest = document["series"][closed[-1]]["figures"][metric]
        texts[closed[-1]] = figure_text(newest, contents.unit(document, metric))
    return [replace(figure, text=texts.get(index, "")) for index, figure in enumerate(figures)]


def _by_slice(document: Document, name: str) -> Plots | None:
    metric = metric_over_time(document)
    unit = contents.unit(document, metric)
    values = slices_of(document, name)
    figures = [_ranged(slice_value(document, name, each["value"]), each["figures"].get(metric)) for each in values]
    if all(figure.value is None for figure in figures):
        return None
    together = document["sections"].get("all", {}).get(metric)
    line = None
    if together and together["value"] is not None:
        line = Reference(together["value"], f"all {figure_text(together, unit)}")
    axis = axis_of(unit)
    return by_group(figures, axis, line, width=WIDE), by_group(figures, axis, line, width=PHONE)


def _by_shown(document: Document) -> Plots | None:
    found = document.get("reveals")
    if not found:
        return None
    figures = [_ranged(reveals.name(group), group["figures"]["net"]) for group in reveals.dotted(found)]
    axis = axis_of(unit_of("accuracy_difference"))
    return by_group(figures, axis, None, width=WIDE), by_group(figures, axis, None, width=PHONE)


def _by_loss(document: Document) -> Plots | None:
    value = document.get("value")
    if not value:
        return None
    figures = [
        replace(_ranged(losses.name(document, loss), loss.get("above")), is_open=not losses.is_sure(loss))
        for loss, _ in losses.shown(value["losses"])
    ]
    axis = axis_of(unit_of("value_total", currency(document)))
    return by_group(figures, axis, None, width=WIDE), by_group(figures, axis, None, width=PHONE)


def _over_score(document: Document, *, width: int) -> Plots | None:
    value = document.get("value")
    threshold = value.get("threshold") if value else None
    if not threshold:
        return None
    curve, axis = _curve(threshold), axis_of(unit_of("value_total", currency(document)))
    return over_score(curve, axis, width=width), over_score(curve, axis, width=PHONE)


def _curve(threshold: ThresholdSection) -> Curve:
    current = threshold["current"]
    return Curve(
        tuple(threshold["scores"]),
        tuple(threshold["value"]),
        tuple(threshold["band_low"]),
        tuple(threshold["band_high"]),
        mark=current,
        mark_text=f"in use {fixed(current, 2)}" if current is not None else "",
        flat=(threshold["flat_low"] or 0.0, threshold["flat_high"] or 1.0),
    )


def axis_of(unit: Unit) -> Axis:
    """How figures of this unit read on an axis."""
    if unit.kind == "money":
        return Axis(lambda value: number_label(value, rounding.SYMBOLS.get(unit.currency, "")), has_zero=True)
    if unit.kind == "share":
        return Axis(percent_label, limit=1.0)
    if unit.kind == "points":
        return Axis(percent_label, has_zero=True)
    return Axis(number_label, has_zero=any(unit.words))
