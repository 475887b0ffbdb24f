"""Asking for the three reports over the whole six months, and waiting for them."""

from datetime import date, timedelta

from apps.demo.services.documents import MODEL, PROJECT
from apps.demo.services.state import SPAN, ReportLink, StateFile
from countersign import Model

REPORTS = {"performance": "Performance", "baseline": "Baseline", "value": "Value"}
# However busy the machine is.
PATIENCE_SECONDS = 3_600.0


def window(state: StateFile) -> tuple[date, date]:
    """Whole days, half-open, around the 26 weeks."""
    now = state.progress.now
    return (now - SPAN).date(), now.date() + timedelta(days=1)


def ask_for_reports(model: Model, state: StateFile, *, door: str) -> None:
    """Ask for those that no earlier start has asked for, then wait for all three; `door` signs their reader in."""
    state.begin("reports", total=len(REPORTS), unit="reports")
    start, end = window(state)
    asked = {report.kind for report in state.progress.reports}
    for kind, label in REPORTS.items():
        if kind in asked:
            continue
        request = model.request_report(kind, start, end)
        with state.change() as progress:
            progress.reports.append(ReportLink(kind=kind, label=label, request=request.id))
    for report in state.progress.reports:
        model.report(report.request).wait(PATIENCE_SECONDS)
        with state.change() as progress:
            report.url = door + f"?next=/p/{PROJECT}/models/{MODEL}/reports/{report.kind}/"
            progress.step("reports").done += 1
    state.finish("reports")
