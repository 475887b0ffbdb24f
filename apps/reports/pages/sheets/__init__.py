"""Sheets: a report as people see it, the same for the page and for print."""

from datetime import date
from typing import cast

from apps.reports.engine.document import Document
from apps.reports.models import Report
from apps.reports.pages import contents, numbers, wording
from apps.reports.pages.sheets import baseline, performance, value
from apps.reports.pages.sheets.layout import Sheet

KINDS = {"value": value, "performance": performance, "baseline": baseline}


def sheet_of(report: Report) -> Sheet:
    """Lay out the report; `services.visible` has left out what its reader may not see."""
    document = cast(Document, report.document)
    kind = KINDS[report.kind]
    window = document["window"]
    state, note = wording.state(document)
    first, end = window.get("since", window["start"]), window["end"]
    period = numbers.period(date.fromisoformat(first), date.fromisoformat(end))
    is_empty = contents.headline_part(document) is None
    return Sheet(
        title=wording.TITLES[report.kind],
        period=f"{period}, version {window['version']}" if "version" in window else period,
        state=state,
        state_note=note,
        lede=wording.lede(document),
        basis=wording.basis(document),
        keys=[] if is_empty else kind.keys(document),
        sections=[] if is_empty else kind.sections(document),
    )
