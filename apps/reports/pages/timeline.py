"""The timeline of a window: what was said when, what it is now, and why, as dots and as a table."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from apps.common import dates
from apps.common.charts import PHONE, WIDE, Chart
from apps.common.dots import Ranged, over_time
from apps.reports.engine.document import Document, Figure, Restatement
from apps.reports.engine.rounding import Unit, figure_text
from apps.reports.models import Report
from apps.reports.pages import contents, numbers, wording
from apps.reports.pages.caveat_wording import why_restated
from apps.reports.pages.charts import axis_of
from apps.reports.pages.figures import in_sentence
from apps.reports.pages.sheets.layout import Cell
from apps.reports.pages.sheets.tables import cell


@dataclass(frozen=True)
class Said:
    """What one report said of the window's main figure."""

    report: int
    as_of: str
    dot: Ranged
    cell: Cell
    state: str
    why: str


@dataclass(frozen=True)
class Timeline:
    """What was said of a window, the oldest first."""

    metric: str
    said: list[Said]
    chart: Chart | None

    @property
    def newest_first(self) -> list[Said]:
        return self.said[::-1]


def timeline_of(reports: Iterable[Report], shown: Report) -> Timeline:
    """Lay out what reports said of the main figure of the whole window."""
    document = cast(Document, shown.document)
    metric = contents.metric_over_time(document)
    name, unit = wording.metric_name(document, metric)[0], contents.unit(document, metric)
    said: list[Said] = []
    for report in reports:
        said.append(_said(report, metric, unit, is_first=not said))
    dots = [each.dot for each in said]
    chart = None
    if sum(dot.value is not None for dot in dots) >= contents.LEAST_FOR_A_CHART:
        axis = axis_of(unit)
        words = f"{said[0].as_of}: {said[0].cell.text}; {said[-1].as_of}: {said[-1].cell.text}."
        plots = over_time(dots, axis, width=WIDE), over_time(dots, axis, width=PHONE)
        chart = Chart(f"{name}, by the day it was said", f"{words} All are in the table below.", *plots)
    return Timeline(name, said, chart)


def summary(shown: Report, times: int) -> str:
    """Say in a line what was said before; empty where this is the first report on its window."""
    if times <= 1:
        return ""
    document = cast(Document, shown.document)
    entry = _restated(document, contents.metric_over_time(document))
    if entry is None:
        return f"What was said before: {numbers.count(times)} reports on this time, the same figure in the last two"
    unit, day = contents.unit(document, entry["metric"]), numbers.day(datetime.fromisoformat(entry["previous_as_of"]))
    was, now = figure_text(entry["was"], unit), figure_text(entry["figure"], unit)
    return f"What was said before: {was} on {day}, {now} now"


def _said(report: Report, metric: str, unit: Unit, *, is_first: bool) -> Said:
    document, zone = cast(Document, report.document), report.model.zone
    moment = report.as_of.astimezone(zone)
    figure = document["sections"].get("all", {}).get(metric)
    state, note = wording.state(document)
    return Said(
        report.pk,
        f"{numbers.day(moment)}, {moment:%H:%M}",
        _dot(dates.short(moment), figure, is_open=state != "final"),
        cell(figure, unit),
        f"{state}; {note}" if note else state,
        _why(document, metric, unit, is_first=is_first),
    )


def _dot(label: str, figure: Figure | None, *, is_open: bool) -> Ranged:
    if figure is None or figure["value"] is None:
        return Ranged(label, None)
    return Ranged(label, figure["value"], figure["low"], figure["high"], is_open)


def _why(document: Document, metric: str, unit: Unit, *, is_first: bool) -> str:
    """Write what had changed, and why, since the report before."""
    entry = _restated(document, metric)
    if entry is not None:
        return (
            f"It was {in_sentence(entry['was'], unit)} and became {figure_text(entry['figure'], unit)}: "
            f"{why_restated(entry)}."
        )
    if is_first:
        return "The first report on this time."
    if document["restatements"]:
        return f"This figure stayed; others changed: {why_restated(document['restatements'][0])}."
    return "No figure changed."


def _restated(document: Document, metric: str) -> Restatement | None:
    return next((entry for entry in document["restatements"] if entry["metric"] == metric), None)
