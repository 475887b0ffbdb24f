"""What is said of the review sample, of the cohorts, and of the sums that a report used."""

from functools import partial

import pandas as pd

from apps.reports.engine.document import Cohorts, SampleSection
from apps.reports.engine.estimating import BinaryJudge, judge_of
from apps.reports.engine.evidence import Evidence
from apps.reports.engine.figures_of import answer
from apps.reports.engine.selection import Selection
from apps.sampling.models import SUMS
from apps.stats.estimators.exact import worst_case_bounds
from apps.truth.services.cohorts import FINAL, MATURING, PROVISIONAL

BOUNDED = ("accuracy", "precision", "recall", "f1")


def cohort_section(evidence: Evidence) -> Cohorts:
    states = [cohort.state for cohort in evidence.cohorts]
    final = [cohort.day for cohort in evidence.cohorts if cohort.state == FINAL]
    return {
        "final": states.count(FINAL),
        "maturing": states.count(MATURING),
        "provisional": states.count(PROVISIONAL),
        "maturity_days": evidence.model.maturity_days,
        "final_through": max(final).isoformat() if final else None,
    }


def sample_section(evidence: Evidence, opened: Selection | None) -> SampleSection:
    """The review sample of the open days."""
    draws = evidence.draws[evidence.draws["is_open"]]
    counted = draws[draws["is_blind"]]
    answered = counted[counted["is_answered"]]
    pending = counted[~counted["is_answered"] & ~counted["is_held_back"]]
    settled = answered[answered["is_settled"]]
    return {
        "drawn": len(draws),
        "counted": len(counted),
        "answered": len(answered),
        "waiting": int((~pending["is_skipped"]).sum()),
        "skipped": int(pending["is_skipped"].sum()),
        "response_rate": len(answered) / len(counted) if len(counted) else None,
        "adjudication_chosen": int(answered["is_chosen"].sum()),
        "adjudicated": len(settled),
        "overturned": int((settled["adjudicated"] != settled["label"]).sum()),
        "bounds": {} if opened is None else bounds(evidence, opened),
    }


def population_section(evidence: Evidence) -> dict[str, float]:
    """The sums that the figures used, over all cells."""
    return {name: float(evidence.cells[name].sum()) for name in SUMS}


def bounds(evidence: Evidence, selection: Selection) -> dict[str, list[float]]:
    """The metrics if all that went unanswered were wrong, or right; two classes only."""
    judge = judge_of(evidence)
    if not isinstance(judge, BinaryJudge):
        return {}
    estimator = judge.of(selection)
    if answer("bounds", partial(estimator.estimate, "accuracy")).value is None:
        return {}
    counted = selection.draws[selection.draws["is_blind"]]
    positive = pd.Series(judge.classes(counted["predicted"]) == 1, index=counted.index)
    rates = {
        "answered_positive": _share_answered(counted[positive]),
        "answered_negative": _share_answered(counted[~positive]),
    }
    return {metric: list(worst_case_bounds(metric, estimator.confusion, **rates)) for metric in BOUNDED}


def _share_answered(counted: pd.DataFrame) -> float:
    """Weighted by design, for the bounds are about predictions and not about draws."""
    if not len(counted):
        return 1.0
    weight = 1 / counted["pi"]
    return float((weight * counted["is_answered"]).sum() / weight.sum())
