"""Make a claimed job's report: gather the evidence, compose the document, compare with the previous report, store."""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.registry.models import ValueModel
from apps.reports.engine.baseline import Baseline
from apps.reports.engine.composing import VERSION, Tell, compose
from apps.reports.engine.document import FURTHER_METRICS, Document, Figure, Figures, Restatement
from apps.reports.engine.estimating import Fit, fit_of
from apps.reports.engine.evidence import Evidence
from apps.reports.engine.performance import Performance
from apps.reports.engine.protocol import Topic
from apps.reports.engine.rounding import Unit, figure_text, unit_of
from apps.reports.engine.value import Value
from apps.reports.models import Kind, Report, ReportJob
from apps.reports.services import headlines
from apps.reports.services.configured import changed_settings, settings_of
from apps.reports.services.gathering import gather
from apps.reports.services.weak_spots import weak_spots
from apps.reports.services.window_frames import changes_frame


def make_report(job: ReportJob, *, tell: Tell) -> Report:
    """Compute and store the job's report, or return the one with the same evidence and configuration."""
    tell("reading predictions, outcomes and reviews", 0.05)
    evidence = gather(job, as_of=job.as_of)
    value_model = job.model.current_value_model
    key = {
        "model": job.model,
        "kind": job.kind,
        "start": job.start,
        "end": job.end,
        "version": job.version,
        "seq": evidence.seq,
        "configuration_hash": configuration_hash(evidence, value_model),
    }
    same: Report | None = Report.objects.filter(**key).first()
    if same is not None:
        return same
    topic = topic_of(job.kind, fit_of(evidence), value_model)
    document = compose(job.kind, evidence, topic, tell=tell)
    if pictures := document.get("pictures"):
        tell("searching for weak spots", 0.88)
        pictures["weak"] = weak_spots(evidence)
    tell("comparing with the previous report", 0.9)
    previous = previous_report(job, as_of=evidence.as_of)
    currency = value_model.currency if value_model else ""
    settings = settings_of(job.model, job.kind)
    document["restatements"] = restatements(previous, evidence, document, settings=settings, currency=currency)
    defaults = {"as_of": evidence.as_of, "document": document, "previous": previous, "settings": settings}
    report: Report
    with transaction.atomic():
        report, _ = Report.objects.get_or_create(**key, defaults=defaults)
        headlines.record(report)
    return report


def configuration_hash(evidence: Evidence, value_model: ValueModel | None) -> str:
    """Hash the rest that a report depends on beside the record of truth: settings, arrivals and draws so far."""
    model = evidence.model
    basis: dict[str, Any] = {
        "document": VERSION,
        "slices": list(evidence.slice_names),
        "maturity_days": model.maturity_days,
        "outcome_if_absent": model.outcome_if_absent,
        "value_model": value_model.version if value_model else None,
        "states": [(str(cohort.day), cohort.state, cohort.n) for cohort in evidence.cohorts],
        "drawn": len(evidence.draws) + len(evidence.left.draws),
        "score_bins": evidence.binning.version,
        "undrawn": evidence.undrawn_batches,
        "skipped": int(evidence.draws["is_skipped"].sum()),
        "slice_keys": [each.key for each in model.slice_list if each.name in evidence.slice_names],
        "in_slices": float(evidence.slices["n"].sum()),
    }
    if len(evidence.reveals):
        # A final answer changes no label, so the record of truth may stand still.
        changed = evidence.reveals["first"] != evidence.reveals["final"]
        basis["revealed"] = [len(changed), int(changed.sum())]
    if evidence.last_action is not None:
        basis["last_action"] = evidence.last_action.isoformat()
    if model.allowed.is_declared:
        basis["tolerance"] = [model.tolerance, model.tolerance_share]
    if model.actions or model.outcome_observed_when:
        basis |= {"actions": model.actions, "observed_when": model.outcome_observed_when}
    return hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()


def topic_of(kind: str, fit: Fit, value_model: ValueModel | None) -> Topic:
    """Return the topic of a kind of report."""
    if kind == Kind.PERFORMANCE:
        return Performance(fit)
    return Value(fit, value_model) if kind == Kind.VALUE else Baseline(fit)


def previous_report(job: ReportJob, *, as_of: datetime) -> Report | None:
    """Return the newest report of the same kind, window and version as of an earlier moment."""
    previous: Report | None = (
        Report.objects.of_same_window(job).filter(as_of__lt=as_of).order_by("-as_of", "-id").first()
    )
    return previous


def restatements(
    previous: Report | None,
    evidence: Evidence,
    document: Document,
    *,
    settings: dict[str, Any],
    currency: str,
) -> list[Restatement]:
    """List the figures of the whole window that read otherwise than before, rounded as they are shown."""
    if previous is None:
        return []
    before: Figures = previous.document["sections"].get("all", {})
    figures = document["sections"]["all"]
    moved = [
        metric
        for metric, now in figures.items()
        if metric in before
        and metric not in FURTHER_METRICS
        and before[metric]["value"] is not None
        and now["value"] is not None
        and _reads_otherwise(before[metric], now, unit_of(metric, currency, evidence.model.unit))
    ]
    if not moved:
        return []
    # A new value model is counted among what happened.
    changed = [name for name in changed_settings(previous, settings) if name != "value_model"]
    why = _changes_since(previous, evidence, document) | dict.fromkeys(changed, 1)
    return [
        {
            "metric": metric,
            "was": before[metric],
            "figure": figures[metric],
            "previous": previous.pk,
            "previous_as_of": previous.as_of.isoformat(),
            "why": why,
        }
        for metric in moved
    ]


def _reads_otherwise(was: Figure, now: Figure, unit: Unit) -> bool:
    return figure_text(was, unit) != figure_text(now, unit)


def _changes_since(previous: Report, evidence: Evidence, document: Document) -> dict[str, int]:
    """Count what became known of the window between the two reports, by kind; zeros left out."""
    changes = changes_frame(
        evidence.model,
        start=evidence.start,
        end=evidence.end,
        before=previous.seq,
        seq=evidence.seq,
        version=previous.version,
    )
    had_outcome, has_outcome = changes["outcome_before"].notna(), changes["outcome"].notna()
    counts = {
        "outcomes": (has_outcome & ~had_outcome).sum(),
        "corrections": (has_outcome & had_outcome & (changes["outcome"] != changes["outcome_before"])).sum(),
        "labels": (changes["label"].notna() & changes["label_before"].isna()).sum(),
        "adjudications": (changes["adjudicated"].notna() & changes["adjudicated_before"].isna()).sum(),
        "predictions": evidence.received - _predictions(previous.document, default=evidence.size),
        "closed_days": len(evidence.closed) - _closed_days(previous.document),
        "value_model": _value_version(document) - _value_version(previous.document),
    }
    return {what: int(count) for what, count in counts.items() if count > 0}


def _predictions(document: Any, *, default: float) -> float:
    population = document["population"]
    return float(population.get("n", default)) + float(population.get("left_out", 0.0))


def _closed_days(document: Any) -> int:
    return sum(int(part["days"]) for part in document["parts"] if part["part"] == "closed")


def _value_version(document: Any) -> int:
    value = document.get("value")
    return int(value["version"]) if value else 0
