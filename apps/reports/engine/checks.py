"""What stands for or against the figures of a performance report.

Expected beside measured performance; the reviewers' answers with and without second opinions; what reviews said of
days that are closed by now beside their outcomes; and what a narrower range would take.
"""

from functools import partial

import numpy as np
import pandas as pd

from apps.reports.engine import selection as select
from apps.reports.engine.document import (
    PERFORMANCE_METRICS,
    ChecksSection,
    Drift,
    Figures,
    Hindsight,
    LabelPlan,
    Part,
    SecondOpinions,
)
from apps.reports.engine.estimating import BinaryJudge, Judge, drawn_from, judge_of
from apps.reports.engine.evidence import Evidence
from apps.reports.engine.figures_of import answer, figure, figures
from apps.reports.engine.selection import Selection
from apps.reports.engine.so_far import so_far
from apps.stats.delay.concept_drift import concept_drift
from apps.stats.design.planning import Plan, Planned
from apps.stats.estimate import Estimate, missing
from apps.stats.estimators.hajek import hajek_mean
from apps.stats.estimators.recalibration import RAW_SCORE, Recalibration, recalibrate

DRIFT_METRICS = ("accuracy", "precision", "recall")
# Outcomes that an expectation needs to be more than the score's own word.
LEAST_REFERENCE = 200
TARGET = 0.02


def checks(judge: Judge, evidence: Evidence, parts: dict[Part, Selection]) -> ChecksSection | None:
    """All of them, for models of two classes."""
    if not isinstance(judge, BinaryJudge):
        return None
    opened = parts.get("open")
    return {
        "drift": [each for part in ("closed", "open") if part in parts for each in drift(judge, part, parts[part])],
        "second_opinions": second_opinions(judge, opened) if opened else None,
        "hindsight": hindsight(judge, evidence, parts["closed"]) if "closed" in parts else None,
        "so_far": so_far(judge, evidence) if opened else None,
        "plan": label_plan(judge, opened) if opened else None,
    }


def drift(judge: BinaryJudge, part: Part, selection: Selection) -> list[Drift]:
    """Measured performance less what earlier outcomes let one expect at these scores."""
    before, n = _reference(judge, selection)
    estimator = judge.of(selection)
    found: list[Drift] = []
    for metric in DRIFT_METRICS:
        try:
            tested = concept_drift(metric, estimator, before)
        except (ValueError, ArithmeticError):
            continue
        found.append(
            {
                "metric": metric,
                "part": part,
                "reference": "earlier" if n else "score",
                "reference_n": n,
                "expected": figure(tested.expected, selection.basis),
                "measured": figure(tested.measured, selection.basis),
                "difference": figure(tested.difference, selection.basis),
                "p": tested.p,
                "has_drifted": bool(n and tested.has_drifted),
            }
        )
    return found


def second_opinions(judge: BinaryJudge, opened: Selection) -> SecondOpinions | None:
    """The open days' figures with the correction for reviewers' errors and without; None where nobody was checked."""
    items = judge.evidence.items
    if not items["is_settled"].any():
        return None
    at_word = judge_of(judge.evidence, is_at_word=True)
    return {"corrected": _figures(judge, opened), "at_word": _figures(at_word, opened)}


def hindsight(judge: BinaryJudge, evidence: Evidence, closed: Selection) -> Hindsight | None:
    """What reviews said of days whose outcomes are in by now; None where nobody had been asked."""
    then = evidence.as_reviewed
    answered = then.items[then.items["outcome"].notna()]
    if answered.empty:
        return None
    reviewed = judge_of(then)
    whole = select.whole(then)
    return {
        "days": len(closed.cohorts),
        "n": int(closed.size),
        "answered": len(answered),
        "from_reviews": _figures(reviewed, whole),
        "from_outcomes": _figures(judge, closed),
        "disagreement": figure(answer("disagreement", partial(_disagreement, answered)), whole.basis),
    }


def label_plan(judge: BinaryJudge, opened: Selection) -> LabelPlan:
    """How narrow the range would be had every drawn case been answered, and what two points either way would take."""
    plan = Plan(drawn_from(judge, opened.cells), proxy=_fitted(judge))
    planned = plan.half_width("accuracy")
    needed = plan.labels_for("accuracy", TARGET) if planned.code is None else Planned(None, None, planned.code)
    return {
        "metric": "accuracy",
        "drawn": int((opened.draws["is_blind"]).sum()),
        "half_width": planned.half_width,
        "target": TARGET,
        "labels_needed": None if needed.code or needed.labels is None else int(np.ceil(needed.labels)),
        "code": needed.code,
    }


def _figures(judge: Judge, selection: Selection) -> Figures:
    assert isinstance(judge, BinaryJudge)
    estimator = judge.of(selection)
    asked = {metric: partial(estimator.estimate, metric) for metric in PERFORMANCE_METRICS}
    return figures(asked, selection.basis)


def _fitted(judge: BinaryJudge) -> Recalibration:
    fitted = judge.base.fitted
    return fitted if isinstance(fitted, Recalibration) else RAW_SCORE


def _reference(judge: BinaryJudge, selection: Selection) -> tuple[Recalibration, int]:
    """What truth to expect at a score: from outcomes of days before these, else the score at its word."""
    first = min(selection.days, default=judge.evidence.end)
    within = judge.evidence.known_rows
    within = within[within["day"] < first]
    earlier = judge.evidence.earlier
    columns = ["score_bin", "truth"]
    known = pd.concat([earlier[earlier["truth"].notna()][columns], within[columns]], ignore_index=True)
    known = known[known["score_bin"] >= 0]
    if len(known) < LEAST_REFERENCE:
        return RAW_SCORE, 0
    truth = judge.truths(known["truth"])
    return recalibrate(known["score_bin"], truth, np.ones(len(known))), len(known)


def _disagreement(answered: pd.DataFrame) -> Estimate:
    if answered.empty:
        return missing("no_labels")
    differs = (answered["said"] != answered["outcome"]).astype(float)
    return hajek_mean(differs, answered["pi"] * answered["rate"], is_bounded=True)
