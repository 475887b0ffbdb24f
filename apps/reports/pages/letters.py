"""A report as a letter: its first sentence, three figures, a picture, and what changed since it was last told."""

from datetime import datetime
from typing import cast

from apps.common.charts import Chart
from apps.common.paper import FONT
from apps.common.tokens import standalone_svg
from apps.reports.engine.document import Document
from apps.reports.engine.rounding import figure_text
from apps.reports.models import Report
from apps.reports.pages import contents, numbers, wording
from apps.reports.pages.caveat_wording import why_restated
from apps.reports.pages.charts import charts_of
from apps.reports.pages.figures import in_sentence
from apps.reports.pages.pdf import PAPER, render_pdf
from apps.reports.pages.sheets import sheet_of
from apps.reports.pages.sheets.layout import Key
from apps.reports.pages.sheets.tables import figure_key, share_key
from apps.reports.services.written import Picture, Tile, Written

IN_PLACE = ("accuracy", "within", "mae")
# Mail programs show pictures of this many pixels to a point well on all screens.
PIXELS_PER_INCH = 144
# As wide as the text of a mail.
WIDEST = 600
# Said of every chart on a page.
BELOW = " All figures are in the table below."
PAGE = b"""
#set page(width: auto, height: auto, margin: 0pt, fill: white)
#image(bytes(sys.inputs.svg), format: "svg", width: float(sys.inputs.width) * 0.75pt)
"""


def written(report: Report, *, before: Report | None, last: Report | None, has_picture: bool) -> Written:
    """Write a report; `visible` has left out of all three what the reader may not see.

    `before` is on the window before, `last` is what the reader was told last.
    """
    document = cast(Document, report.document)
    sheet = sheet_of(report)
    tiles = []
    if metric := _metric(document):
        tiles = [_tile(document, metric), _before(metric, before), _known(document, metric)]
    return Written(
        title=sheet.title,
        period=sheet.period,
        state=sheet.state,
        state_note=sheet.state_note,
        sentence=sheet.lede,
        basis=sheet.basis,
        tiles=tiles,
        changes=_changes(document, metric, last) if metric else [],
        moved="",
        picture=_picture(charts_of(document, sheet).get("by_time")) if has_picture else None,
    )


def printed(report: Report, *, before: Report | None) -> tuple[str, bytes]:
    """Return the name of the PDF file of a report, and the file; `before` is on the window before."""
    name = f"{report.model.slug}-{report.kind}-{report.start}-{numbers.last_day(report.end)}.pdf"
    return name, render_pdf(report, sheet_of(report, before=before))


def _tile(document: Document, metric: str) -> Tile:
    key = _key(document, metric)
    return Tile(key.label, key.text or "not known yet", key.note)


def _before(metric: str, before: Report | None) -> Tile:
    """Show the same figure of the window before."""
    if before is None or (found := _metric(cast(Document, before.document))) is None:
        return Tile("The time before", "–", "there were no predictions, or nobody has looked at them yet")
    label = f"The same, {numbers.period(before.start, before.end)}"
    if found != metric:
        return Tile(label, "–", "not comparable: only another figure is known of it")
    key = _key(cast(Document, before.document), metric)
    return Tile(label, key.text or "not known", key.note)


def _known(document: Document, metric: str) -> Tile:
    """Show of how many predictions the truth is known, by outcome or by review."""
    part = contents.headline_part(document)
    figure = document["headline"]["figures"][metric]
    assert part is not None, "a window without predictions has no figures"
    text = numbers.plural(figure["n"], "label", "labels")
    known = numbers.plural(part["outcomes"], "outcome", "outcomes")
    return Tile("What it rests on", text, f"{known} of {numbers.plural(part['n'], 'prediction', 'predictions')}")


def _metric(document: Document) -> str | None:
    """Return the main figure, or how good the model is where decisions have no value; None without predictions."""
    if contents.headline_part(document) is None:
        return None
    is_comparison = document["kind"] == "baseline" and document["task"] != "regression"
    main = "win_rate" if is_comparison else contents.metric_over_time(document)
    return next((each for each in (main, *IN_PLACE) if each in document["headline"]["figures"]), None)


def _key(document: Document, metric: str) -> Key:
    figure, of = document["headline"]["figures"][metric], contents.unit(document, metric)
    name = wording.metric_name(document, metric)[0]
    return share_key(name, figure) if of.kind == "share" else figure_key(name, figure, of)


def _changes(document: Document, metric: str, last: Report | None) -> list[str]:
    """Say what is different from what the reader was told last, or else from the report before."""
    of, name = contents.unit(document, metric), wording.metric_name(document, metric)[0]
    now = document["sections"].get("all", {}).get(metric)
    entry = next((each for each in document["restatements"] if each["metric"] == metric), None)
    told = cast(Document, last.document) if last else None
    if told is None or now is None or not _is_same_window(document, told):
        if entry is None:
            return []
        day = numbers.day(datetime.fromisoformat(entry["previous_as_of"]))
        return [f"{name}: on {day} we said {in_sentence(entry['was'], of)}. Since then: {why_restated(entry)}."]
    was = told["sections"].get("all", {}).get(metric)
    if was is None or figure_text(was, of) == figure_text(now, of):
        return [f"{name} is as we told you last."]
    why = f" Since then: {why_restated(entry)}." if entry else ""
    return [f"{name}: we told you {in_sentence(was, of)}; now it is {in_sentence(now, of)}.{why}"]


def _is_same_window(document: Document, told: Document) -> bool:
    return all(document["window"][end] == told["window"][end] for end in ("start", "end"))


def _picture(chart: Chart | None) -> Picture | None:
    import typst  # noqa: PLC0415  # see apps.common.paper

    if chart is None:
        return None
    plot = chart.paper or chart.wide
    svg = standalone_svg(plot, title=chart.title, description=chart.description, font=FONT, ground=PAPER)
    width = min(plot.width, WIDEST)
    image = typst.compile(
        PAGE,
        font_paths=[],
        ignore_system_fonts=True,
        format="png",
        ppi=PIXELS_PER_INCH,
        sys_inputs={"svg": svg, "width": str(width)},
    )
    assert isinstance(image, bytes)
    return Picture(image, chart.title, chart.description.removesuffix(BELOW), width)
