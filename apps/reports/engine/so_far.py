"""Outcomes so far: the whole window from those that came early, weighed by how likely they were known by now."""

from functools import partial

import numpy as np
import pandas as pd

from apps.reports.engine import selection as select
from apps.reports.engine.document import PERFORMANCE_METRICS, SoFar
from apps.reports.engine.estimating import BinaryJudge
from apps.reports.engine.evidence import Evidence
from apps.reports.engine.figures_of import figures
from apps.stats.delay.horizon import SettledOutcomes, settle_outcomes
from apps.stats.delay.maturity import maturity_curve
from apps.stats.delay.mixing import MixedEstimator, mixed_estimator
from apps.stats.delay.weights import age_shares
from apps.stats.estimators.population import Population

SHARES = (0.5, 0.9)
DAY_SECONDS = 86_400


def so_far(judge: BinaryJudge, evidence: Evidence) -> SoFar | None:
    """None while no prediction is as old as the horizon, or without any outcome: then reviews are all there is."""
    sent = evidence.sent
    came = sent["occurred_at"].dropna()
    if came.empty:
        return None
    # Outcomes later than the newest that came may not have been delivered yet.
    through = min(came.max(), pd.Timestamp(evidence.as_of))
    age = _days(through - sent["predicted_at"])
    delay = np.minimum(_days(sent["occurred_at"] - sent["predicted_at"]), age)
    settled = _settled(judge, evidence, delay, age)
    estimator = _estimator(judge, sent, settled, age, horizon=evidence.model.maturity_days)
    if isinstance(estimator, str):
        return None
    curve = maturity_curve(settled.delay, np.minimum(age, evidence.model.maturity_days))
    asked = {metric: partial(estimator.estimate, metric) for metric in PERFORMANCE_METRICS}
    return {
        "n": len(sent),
        "known": int(settled.known.sum()),
        "through": through.tz_convert(evidence.model.zone).date().isoformat(),
        "waits": {str(share): curve.days_until(share).value for share in SHARES},
        "figures": figures(asked, select.whole(evidence).basis),
    }


def _settled(judge: BinaryJudge, evidence: Evidence, delay: np.ndarray, age: np.ndarray) -> SettledOutcomes:
    model = evidence.model
    rule = model.outcome_if_absent
    absent = None if rule is None else float(model.encode(rule) == model.positive_index)
    outcome = np.where(np.isnan(delay), np.nan, judge.truths(evidence.sent["outcome"]))
    waited = np.where(np.isnan(outcome), np.nan, delay)
    return settle_outcomes(outcome, waited, age, horizon=model.maturity_days, absent=absent)


def _estimator(
    judge: BinaryJudge, sent: pd.DataFrame, settled: SettledOutcomes, age: np.ndarray, *, horizon: float
) -> MixedEstimator | str:
    """Score and outcomes alone: reviewers' labels would need queues that hold nothing of the window any more."""
    predicted, score = judge.classes(sent["predicted"]), sent["score"].to_numpy(dtype=np.float64)
    known = settled.known
    return mixed_estimator(
        Population.from_rows(predicted=predicted, score=score, pi=np.ones(len(sent))),
        age_shares(age, horizon=horizon),
        predicted=predicted[known],
        score=score[known],
        outcome=settled.outcome[known],
        delay=settled.delay[known],
        response=settled.response,
    )


def _days(waits: pd.Series) -> np.ndarray:
    return np.asarray((waits.dt.total_seconds() / DAY_SECONDS).clip(lower=0.0), dtype=np.float64)
