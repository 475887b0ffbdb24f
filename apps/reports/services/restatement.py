"""Restatements: figures of the whole window that an earlier report gave otherwise, and what happened since."""

from datetime import date, datetime
from typing import Any

from apps.registry.models import MonitoredModel
from apps.reports.engine.document import FURTHER_METRICS, Figures, Restatement
from apps.reports.engine.evidence import Evidence
from apps.reports.models import Report
from apps.reports.pages.figures import figure_text, unit_of
from apps.reports.services import window_frames


def previous_report(model: MonitoredModel, kind: str, *, start: date, end: date, as_of: datetime) -> Report | None:
    """The newest report of the same kind and window that knew less."""
    found: Report | None = (
        Report.objects.filter(model=model, kind=kind, start=start, end=end, as_of__lt=as_of)
        .order_by("-as_of", "-id")
        .first()
    )
    return found


def restatements(
    previous: Report | None, evidence: Evidence, figures: Figures, *, currency: str, document: Any
) -> list[Restatement]:
    """Figures that read otherwise than before, rounded as they are shown."""
    if previous is None:
        return []
    before: Figures = previous.document["sections"].get("all", {})
    changed = [
        metric
        for metric, now in figures.items()
        if metric in before
        and metric not in FURTHER_METRICS
        and before[metric]["value"] is not None
        and now["value"] is not None
        and figure_text(before[metric], unit_of(metric, currency)) != figure_text(now, unit_of(metric, currency))
    ]
    if not changed:
        return []
    why = since(previous, evidence, document)
    return [
        {
            "metric": metric,
            "was": before[metric],
            "figure": figures[metric],
            "previous": previous.pk,
            "previous_as_of": previous.as_of.isoformat(),
            "why": why,
        }
        for metric in changed
    ]


def since(previous: Report, evidence: Evidence, document: Any) -> dict[str, int]:
    """How much became known of the window between the two reports, by kind; zeros left out."""
    changes = window_frames.changes_frame(
        evidence.model,
        start=evidence.start,
        end=evidence.end,
        before=previous.seq,
        seq=evidence.seq,
    )
    had_outcome, has_outcome = changes["outcome_before"].notna(), changes["outcome"].notna()
    counts = {
        "outcomes": (has_outcome & ~had_outcome).sum(),
        "corrections": (has_outcome & had_outcome & (changes["outcome"] != changes["outcome_before"])).sum(),
        "labels": (changes["label"].notna() & changes["label_before"].isna()).sum(),
        "adjudications": (changes["adjudicated"].notna() & changes["adjudicated_before"].isna()).sum(),
        "predictions": evidence.size - previous.document["population"].get("n", evidence.size),
        "closed_days": len(evidence.closed) - _closed_days(previous.document),
        "value_model": _value_version(document) - _value_version(previous.document),
    }
    return {what: int(count) for what, count in counts.items() if count > 0}


def _closed_days(document: dict[str, Any]) -> int:
    return sum(int(part["days"]) for part in document["parts"] if part["part"] == "closed")


def _value_version(document: dict[str, Any]) -> int:
    value = document.get("value")
    return int(value["version"]) if value else 0
