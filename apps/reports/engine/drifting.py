"""Concept drift: the performance of some days against what closed days before them lead one to expect."""

import pandas as pd
import structlog

from apps.reports.engine.document import Drift, Part
from apps.reports.engine.estimating import BinaryFit
from apps.reports.engine.evidence import Selection
from apps.reports.engine.protocol import figure
from apps.stats.delay.concept_drift import Reference, concept_drift

DRIFT_METRICS = ("accuracy", "precision", "recall")

log = structlog.get_logger(__name__)


def drift(fit: BinaryFit, part: Part, selection: Selection) -> list[Drift]:
    """Test the days of one part for drift; on an error without any entry, with the error in the log."""
    try:
        return _drift(fit, part, selection)
    except (ValueError, ArithmeticError):
        log.exception("drift_failed", part=part)
        return []


def _drift(fit: BinaryFit, part: Part, selection: Selection) -> list[Drift]:
    earlier = _earlier(fit, selection)
    reference = Reference.of(
        predicted=fit.classes(earlier["predicted"]),
        score=earlier["score"],
        truth=fit.truths(earlier["truth"]),
        known_share=earlier["rate"],
        log_share=earlier["log_share"],
        score_bins=fit.evidence.score_bins,
    )
    tested = concept_drift(DRIFT_METRICS, fit.of(selection), reference)
    return [
        {
            "metric": metric,
            "part": part,
            "reference": "score" if reference is None else "earlier",
            "reference_n": int(earlier["truth"].notna().sum()),
            "expected": figure(found.expected, selection.basis),
            "measured": figure(found.measured, selection.basis),
            "difference": figure(found.difference, selection.basis),
            "p": found.p,
            "has_drifted": found.has_drifted,
        }
        for metric, found in zip(DRIFT_METRICS, tested, strict=True)
    ]


def _earlier(fit: BinaryFit, selection: Selection) -> pd.DataFrame:
    """Return the predictions of closed days before these days that have a score, in the order of their time."""
    first = min(selection.days, default=fit.evidence.end)
    within = fit.evidence.rows
    columns = ["predicted_at", "predicted", "score", "truth", "rate", "log_share"]
    frames = [fit.evidence.earlier[columns], within.loc[within["day"] < first, columns]]
    known = pd.concat([frame for frame in frames if len(frame)] or frames[:1])
    return known[known["score"].notna()].sort_values("predicted_at", kind="stable")
