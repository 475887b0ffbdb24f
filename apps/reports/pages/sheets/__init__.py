"""Reports as people see them: one sheet for the page and for print."""

from datetime import date
from typing import cast

from apps.reports.engine.document import Document
from apps.reports.models import Report
from apps.reports.pages import numbers, wording
from apps.reports.pages.sheets import baseline, performance, value
from apps.reports.pages.sheets.parts import Sheet

KINDS = {"value": value, "performance": performance, "baseline": baseline}


def sheet_of(report: Report, *, hidden: set[str]) -> Sheet:
    """Everything that is shown of a report; `hidden` are the slices that this reader may not see."""
    document = cast(Document, report.document)
    kind = KINDS[report.kind]
    state, note = wording.state(document)
    is_empty = wording.headline_part(document) is None
    return Sheet(
        title=wording.TITLES[report.kind],
        period=numbers.period(
            date.fromisoformat(document["window"]["start"]), date.fromisoformat(document["window"]["end"])
        ),
        state=state,
        state_note=note,
        lede=wording.lede(document),
        basis=wording.basis(document),
        keys=[] if is_empty else kind.keys(document),
        sections=[] if is_empty else kind.sections(document, hidden=hidden),
    )
