"""From a claimed job to a stored report."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import structlog

from apps.common.clock import database_now
from apps.registry.models import ValueModel
from apps.reports.engine.baseline import Baseline
from apps.reports.engine.composing import VERSION, compose
from apps.reports.engine.document import Document
from apps.reports.engine.estimating import Judge, judge_of
from apps.reports.engine.evidence import Evidence, gather
from apps.reports.engine.performance import Performance
from apps.reports.engine.protocol import Account
from apps.reports.engine.value import Value
from apps.reports.models import Kind, Report, ReportJob
from apps.reports.services.restatement import previous_report, restatements

log = structlog.get_logger(__name__)

Tell = Callable[[str, float], None]


def make_report(job: ReportJob, *, tell: Tell) -> Report:
    """Compute and store the job's report; the same knowledge and configuration give the report that is there."""
    as_of = job.as_of or database_now()
    tell("reading predictions, outcomes and reviews", 0.05)
    evidence = gather(job, as_of=as_of)
    value_model = job.model.current_value_model
    key = configuration_hash(job, evidence, value_model)
    same: Report | None = Report.objects.filter(
        model=job.model, kind=job.kind, start=job.start, end=job.end, seq=evidence.seq, configuration_hash=key
    ).first()
    if same is not None:
        return same
    account = _account(job.kind, judge_of(evidence), value_model)
    document = compose(job.kind, evidence, account, tell=tell)
    tell("comparing with the report before", 0.9)
    previous = previous_report(job.model, job.kind, start=job.start, end=job.end, as_of=as_of)
    currency = value_model.currency if value_model else ""
    document["restatements"] = restatements(
        previous, evidence, document["sections"]["all"], currency=currency, document=document
    )
    tell("drawing the pictures", 0.93)
    report: Report
    report, _ = Report.objects.get_or_create(
        model=job.model,
        kind=job.kind,
        start=job.start,
        end=job.end,
        seq=evidence.seq,
        configuration_hash=key,
        defaults={
            "as_of": as_of,
            "document": document,
            "charts": _charts(job.kind, document),
            "previous": previous,
        },
    )
    return report


def configuration_hash(job: ReportJob, evidence: Evidence, value_model: ValueModel | None) -> str:
    """What a report rests on beside the record of truth: settings, and what has come in and been drawn by now."""
    model = job.model
    basis: dict[str, Any] = {
        "document": VERSION,
        "slices": list(evidence.slice_names),
        "maturity_days": model.maturity_days,
        "outcome_if_absent": model.outcome_if_absent,
        "value_model": value_model.version if value_model else None,
        "states": [(str(cohort.day), cohort.state, cohort.n) for cohort in evidence.cohorts],
        "drawn": len(evidence.draws),
    }
    return hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()


def _account(kind: str, judge: Judge, value_model: ValueModel | None) -> Account:
    if kind == Kind.VALUE:
        return Value(judge, value_model)
    return Baseline(judge) if kind == Kind.BASELINE else Performance(judge)


def _charts(kind: str, document: Document) -> dict[str, Any]:
    """The pictures; a report is worth keeping without them."""
    from apps.reports.pages.charts import render_charts  # noqa: PLC0415  # loads a JavaScript engine, in workers only

    try:
        return dict(render_charts(kind, dict(document)))
    except Exception:
        log.exception("charts_failed", kind=kind)
        return {}
