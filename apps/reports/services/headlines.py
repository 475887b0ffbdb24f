"""Headlines: the lead figures of each report in a narrow row, since documents are too large to read by the hundred."""

from datetime import date, timedelta
from typing import Any, cast

from apps.accounts.models import Role
from apps.reports.engine.document import Document, Figure
from apps.reports.models import Headline, Kind, Report
from apps.reports.services import weekly
from apps.reports.services.visible import visible
from apps.truth.services.cohorts import is_final

# The first of these that the report has leads: about the whole window.
LEADS = {
    Kind.VALUE: ("value_difference", "value_total"),
    Kind.PERFORMANCE: ("accuracy", "within", "mae"),
}
# Reports of old get their row by and by.
AT_ONCE = 50


def record(report: Report) -> None:
    """Write the report's row, without what anybody who reads reports may not see."""
    if report.kind not in LEADS or report.version_id is not None:
        return
    document = cast(Document, visible(report, role=Role.STAKEHOLDER).document)
    metric, figure = _lead(document, Kind(report.kind))
    value: Any = document.get("value") or {}
    final, was_final = _is_final(report), report.previous is not None and _is_final(report.previous)
    through = document["cohorts"]["final_through"]
    row, is_new = Headline.objects.get_or_create(
        report=report,
        defaults={
            "model": report.model,
            "kind": report.kind,
            "start": report.start,
            "end": report.end,
            "as_of": report.as_of,
            "n": next((part["n"] for part in document["parts"] if part["part"] == "all"), 0),
            "metric": metric,
            "value": figure["value"],
            "low": figure["low"],
            "high": figure["high"],
            "code": figure["code"] or "",
            "currency": value.get("currency", ""),
            "review_cost": value.get("review_cost"),
            "is_final": final,
            "is_newly_final": final and not was_final,
            "final_through": date.fromisoformat(through) if through else None,
            "restated": _restated(document, metric),
            "weeks": [week.stored for week in weekly.weeks_of(document, metric)],
            "created_at": report.created_at,
            "is_newest": True,
        },
    )
    if is_new:
        _keep_newest(row)


def _keep_newest(row: Headline) -> None:
    """Mark the others of the window as overtaken; or this one, where it is on what was known at an earlier moment."""
    others = Headline.objects.of_same_window(row).exclude(pk=row.pk)
    if others.filter(as_of__gt=row.as_of).exists():
        Headline.objects.filter(pk=row.pk).update(is_newest=False)
    else:
        others.filter(is_newest=True).update(is_newest=False)


def record_missing() -> int:
    """Write the rows of reports that were made before there were any, the newest first. Returns how many."""
    lacking = Report.objects.filter(summary=None, version=None, kind__in=list(LEADS)).order_by("-id")
    found = list(lacking.select_related("model__project", "previous").defer("previous__document")[:AT_ONCE])
    for report in found:
        record(report)
    return len(found)


def _lead(document: Document, kind: Kind) -> tuple[str, Figure]:
    figures = document["sections"].get("all", {})
    named = [(metric, figures[metric]) for metric in LEADS[kind] if metric in figures]
    known = [(metric, figure) for metric, figure in named if figure["value"] is not None]
    nothing = cast(Figure, {"value": None, "low": None, "high": None, "code": "no_population"})
    return (known or named or [(LEADS[kind][0], nothing)])[0]


def _is_final(report: Report) -> bool:
    return is_final(report.model, report.end - timedelta(days=1), as_of=report.as_of)


def _restated(document: Document, metric: str) -> dict[str, Any] | None:
    """Return what an earlier report said; None while the window goes on, when every report says more."""
    if document["window"]["end"] > document["window"]["as_of"][:10]:
        return None
    found = next((entry for entry in document["restatements"] if entry["metric"] == metric), None)
    return {"was": found["was"]["value"], "why": found["why"]} if found else None
