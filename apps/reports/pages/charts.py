"""The pictures of a report: which figure over what, drawn once and stored with it."""

from datetime import date
from typing import Any, cast

from apps.reports.engine import rounding
from apps.reports.engine.document import Document, Figure, Figures, Point, ThresholdSection
from apps.reports.engine.rounding import Unit, figure_text, unit_of
from apps.reports.pages.contents import (
    LEAST_FOR_A_PICTURE,
    currency,
    known_in_time,
    metric_over_time,
    slice_names,
    slices_of,
)
from apps.reports.pages.curve import Curve, over_score
from apps.reports.pages.drawing import COLUMN, WIDE, Dot, Scale, by_group, over_time
from apps.reports.pages.wording import slice_value

Picture = dict[str, str]
ROOMY = 12  # dots between which a number can stand


def render_charts(kind: str, document: dict[str, Any]) -> dict[str, Picture]:
    """{name: {"light", "dark", "light_narrow", "dark_narrow": svg}}; a picture without any figure is left out."""
    known = cast(Document, document)
    pictures: dict[str, Picture] = {}
    metric = metric_over_time(known)
    over = [_dot_in_time(point, metric, known["step"]) for point in known["series"]]
    unit = unit_of(metric, currency(known))
    if known_in_time(known) >= LEAST_FOR_A_PICTURE:
        width = COLUMN if kind == "value" else WIDE
        pictures["by_time"] = over_time(_with_newest_said(over, known, metric), scale_of(unit), width=width)
    value = known.get("value")
    if value and (found := value.get("threshold")) and found["best"] is not None:
        pictures["threshold"] = over_score(_curve(found), scale_of(unit_of("value_total", currency(known))))
    if kind != "value":
        pictures |= _slices(known, metric)
    return pictures


def _curve(found: ThresholdSection) -> Curve:
    line = f"in use {found['current']:.2f}" if found["current"] is not None else ""
    return Curve(
        tuple(found["scores"]),
        tuple(found["value"]),
        tuple(found["band_low"]),
        tuple(found["band_high"]),
        mark=found["current"],
        mark_text=line,
        flat=(found["flat_low"] or 0.0, found["flat_high"] or 1.0),
    )


def scale_of(unit: Unit) -> Scale:
    if unit.kind == "money":
        return Scale("~s", rounding.SYMBOLS.get(unit.currency, ""), zero=True)
    if unit.kind == "share":
        return Scale(".3~p", limit=1.0)
    return Scale(".3~p", zero=True) if unit.kind == "points" else Scale(".3~f")


def moment(point: Point, step: str) -> str:
    """The name of a day, week or month on the axis."""
    start = date.fromisoformat(point["start"])
    return f"{start:%b}" if step == "month" else f"{start.day} {start:%b}"


def _dot_in_time(point: Point, metric: str, step: str) -> Dot:
    return _dot(moment(point, step), point["figures"].get(metric), is_open=point["state"] != "final")


def _dot(label: str, figure: Figure | None, *, is_open: bool = False) -> Dot:
    if figure is None or figure["value"] is None:
        return Dot(label, None, None, None)
    # How often two answers differ is counted, whether the truth is known or not.
    is_open = (is_open and figure["method"] != "wilson") or figure["code"] == "preliminary"
    value = figure["value"]
    low = figure["low"] if figure["low"] is not None else value
    high = figure["high"] if figure["high"] is not None else value
    return Dot(label, value, low, high, is_open)


def _with_newest_said(dots: list[Dot], document: Document, metric: str) -> list[Dot]:
    """The newest final figure says its number where there is room, and the newest open one what hollow means."""
    unit = unit_of(metric, currency(document))
    closed = [at for at, dot in enumerate(dots) if dot.value is not None and not dot.is_open]
    hollow = [at for at, dot in enumerate(dots) if dot.value is not None and dot.is_open]
    texts: dict[int, str] = {}
    if hollow:
        texts[hollow[-1]] = "still open"
    if closed and len(dots) <= ROOMY:
        figure = document["series"][closed[-1]]["figures"][metric]
        texts[closed[-1]] = figure_text(figure, unit)
    return [Dot(d.label, d.value, d.low, d.high, d.is_open, texts.get(at, "")) for at, d in enumerate(dots)]


def _slices(document: Document, metric: str) -> dict[str, Picture]:
    unit = unit_of(metric, currency(document))
    together = _together(document["sections"], metric)
    line = None
    if together and together["value"] is not None:
        line = Dot("all", together["value"], None, None, text=f"all {figure_text(together, unit)}")
    pictures = {}
    for position, name in enumerate(slice_names(document)):
        sections = slices_of(document, name)
        dots = [_dot(slice_value(document, name, s["value"]), s["figures"].get(metric)) for s in sections]
        if any(dot.value is not None for dot in dots):
            pictures[f"slice_{position}"] = by_group(dots, scale_of(unit), reference=line)
    return pictures


def _together(sections: dict[str, Figures], metric: str) -> Figure | None:
    return sections.get("all", {}).get(metric)
