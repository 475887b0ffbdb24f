"""Sheets: a report as people see it, the same for the page and for print."""

from datetime import date
from typing import cast

from apps.reports.engine.document import Document
from apps.reports.models import Kind, Report
from apps.reports.pages import contents, numbers, wording
from apps.reports.pages.sheets import baseline, performance, value
from apps.reports.pages.sheets.answers import answers, windows
from apps.reports.pages.sheets.layout import Sheet

KINDS = {"value": value, "performance": performance, "baseline": baseline}
KEYS = {"value": value.keys, "baseline": baseline.keys}


def sheet_of(report: Report, *, before: Report | None = None) -> Sheet:
    """Lay out the report, and beside it the answers of the window before.

    `services.visible` has left out of both what their reader may not see.
    """
    document = cast(Document, report.document)
    kind = KINDS[report.kind]
    window = document["window"]
    state, note = wording.state(document)
    first, end = window.get("since", window["start"]), window["end"]
    period = numbers.period(date.fromisoformat(first), date.fromisoformat(end))
    is_empty = contents.headline_part(document) is None
    earlier = cast(Document, before.document) if before else None
    has_answers = report.kind == Kind.PERFORMANCE and not is_empty
    return Sheet(
        title=wording.TITLES[report.kind],
        period=f"{period}, version {window['version']}" if "version" in window else period,
        state=state,
        state_note=note,
        lede=wording.lede(document),
        basis=wording.basis(document),
        keys=[] if is_empty or has_answers else KEYS[report.kind](document),
        sections=[] if is_empty else kind.sections(document),
        answers=answers(document, earlier) if has_answers else [],
        windows=windows(document, earlier) if has_answers else ("", ""),
    )
