"""Asking for the three reports over the whole six months, and waiting for them."""

import time
from datetime import date, timedelta
from typing import Any

from apps.demo.client import Api
from apps.demo.documents import MODEL, PROJECT
from apps.demo.state import SPAN, ReportLink, StateFile

REPORTS = {"performance": "Performance", "baseline": "Baseline", "value": "Value"}
FINISHED = ("done", "failed")


class ReportFailedError(Exception):
    """The server could not make a report."""


def window(state: StateFile) -> tuple[date, date]:
    """Whole days, half-open, around the 26 weeks."""
    now = state.progress.now
    return (now - SPAN).date(), now.date() + timedelta(days=1)


def ask_for_reports(api: Api, state: StateFile, *, door: str) -> None:
    """Ask for those that no earlier start has asked for, then wait for all three; `door` signs their reader in."""
    state.begin("reports", total=len(REPORTS), unit="reports")
    start, end = window(state)
    asked = {report.kind for report in state.progress.reports}
    for kind, label in REPORTS.items():
        if kind in asked:
            continue
        body = {"kind": kind, "start": start.isoformat(), "end": end.isoformat()}
        number = api.post(f"models/{MODEL}/reports", body)["id"]
        with state.change() as progress:
            progress.reports.append(ReportLink(kind=kind, label=label, request=number))
    for report in state.progress.reports:
        _wait(api, report)
        with state.change() as progress:
            report.url = door + f"?next=/p/{PROJECT}/models/{MODEL}/reports/{report.kind}/"
            progress.step("reports").done += 1
    state.finish("reports")


def _wait(api: Api, report: ReportLink, *, pause: float = 0.5) -> None:
    answer: dict[str, Any] = api.get(f"reports/{report.request}")
    while answer["status"] not in FINISHED:
        time.sleep(pause)
        answer = api.get(f"reports/{report.request}")
    if answer["status"] != "done":
        raise ReportFailedError(f"{report.label}: {answer}")
