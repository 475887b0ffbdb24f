"""Outcomes so far: the whole window from the outcomes known by now, each weighted by its chance to be known already.

Where senders log only a part of their traffic, figures count each prediction by what it stands for; the waiting times,
the share of due outcomes that came and the worst-case bounds are those of what was logged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import pandas as pd

from apps.reports.engine.document import PERFORMANCE_METRICS, SoFar
from apps.reports.engine.estimating import BinaryFit, Floats
from apps.reports.engine.evidence import Evidence, whole
from apps.reports.engine.protocol import Compute, figures
from apps.stats.delay.horizon import SettledOutcomes, settle_outcomes
from apps.stats.delay.maturity import maturity_curve
from apps.stats.delay.mixing import MixedEstimator, mixed_estimator
from apps.stats.delay.nowcast import count_outcomes
from apps.stats.delay.weights import age_shares
from apps.stats.estimate import missing
from apps.stats.estimators.confusion import Confusion
from apps.stats.estimators.exact import worst_case_bounds
from apps.stats.estimators.population import Population
from apps.truth.services.cohorts import CLOSED_SHARE

# Shares of the outcomes whose waiting time is reported.
SHARES = (0.5, 0.9)
BOUNDED = ("accuracy", "precision", "recall", "f1")
DAY_SECONDS = 86_400


def so_far(fit: BinaryFit, evidence: Evidence) -> SoFar | None:
    """Estimate the whole window from the outcomes so far, or say why they do not bear a figure.

    None without any outcome, or while no prediction is as old as the horizon: then only reviews can say.
    """
    arrivals = evidence.sent["occurred_at"].dropna()
    if arrivals.empty:
        return None
    # Later outcomes may have occurred and not been delivered yet.
    through = min(arrivals.max(), pd.Timestamp(evidence.as_of))
    window = _Window(fit, evidence, through)
    if not window.settled.due:
        return None
    estimator, code = window.estimator, window.code
    if isinstance(estimator, str) and code != "outcomes_missing":
        return None
    curve = maturity_curve(window.settled.delay, np.minimum(window.age, window.horizon))
    return {
        "n": len(window.age),
        "known": int((window.settled.known | evidence.sent["outcome"].notna()).sum()),
        "due": window.settled.due,
        "overdue": window.settled.overdue,
        "through": through.tz_convert(evidence.model.zone).date().isoformat(),
        "waits": {str(share): curve.days_until(share).value for share in SHARES},
        "figures": figures(_metrics(estimator, code), whole(evidence).basis),
        "bounds": window.bounds if code == "outcomes_missing" else {},
        "code": code,
    }


def _metrics(estimator: MixedEstimator | str, code: str | None) -> Mapping[str, Compute]:
    if code or isinstance(estimator, str):
        return dict.fromkeys(PERFORMANCE_METRICS, partial(missing, code or str(estimator)))
    return {metric: partial(estimator.estimate, metric) for metric in PERFORMANCE_METRICS}


@dataclass(frozen=True, eq=False)
class _Window:
    """All predictions of a window, with the outcomes delivered through a moment."""

    fit: BinaryFit
    evidence: Evidence
    through: pd.Timestamp

    @property
    def horizon(self) -> int:
        return self.evidence.model.maturity_days

    @cached_property
    def each(self) -> Population:
        sent = self.evidence.sent
        return Population.of_each(
            predicted=self.fit.classes(sent["predicted"]),
            score=sent["score"],
            pi=np.ones(len(sent)),
            log_share=sent["log_share"],
            score_bins=self.evidence.score_bins,
        )

    @cached_property
    def age(self) -> Floats:
        """Whole days since each prediction."""
        return np.asarray(np.floor(_days(self.through - self.evidence.sent["predicted_at"])))

    @cached_property
    def settled(self) -> SettledOutcomes:
        """The outcomes by whole days: one of a day that is not over yet counts tomorrow."""
        model, sent = self.evidence.model, self.evidence.sent
        delay = np.ceil(_days(sent["occurred_at"] - sent["predicted_at"]))
        delay = np.where(delay <= self.age, delay, np.nan)
        outcome = np.where(np.isnan(delay), np.nan, self.fit.truths(sent["outcome"]))
        rule = model.outcome_if_absent
        absent = None if rule is None else float(model.encode(rule) == model.positive_index)
        return settle_outcomes(
            outcome, np.where(np.isnan(outcome), np.nan, delay), self.age, horizon=self.horizon, absent=absent
        )

    @cached_property
    def estimator(self) -> MixedEstimator | str:
        """Use score and outcomes alone: labels would need queues that hold nothing of the window any more."""
        known, predicted = self.settled.known, self.each.predicted
        return mixed_estimator(
            self.each.compact(),
            age_shares(self.age, horizon=self.horizon, n=1 / self.evidence.sent["log_share"], stratum=predicted),
            predicted=predicted[known],
            score=self.evidence.sent["score"][known],
            outcome=self.settled.outcome[known],
            delay=self.settled.delay[known],
            stratum=predicted[known],
            log_share=self.evidence.sent["log_share"][known],
            response=self.settled.response,
        )

    @cached_property
    def code(self) -> str | None:
        """Why there is no figure: due outcomes that never came, or two estimates that do not agree."""
        if self.settled.response < CLOSED_SHARE:
            return "outcomes_missing"
        if isinstance(self.estimator, str):
            return self.estimator
        counts = count_outcomes(
            self.estimator,
            self.each,
            age=self.age,
            outcome=self.settled.outcome,
            delay=self.settled.delay,
            horizon=self.horizon,
            response=self.settled.response,
        )
        # The bootstrap is simulated: the same record gives the same verdict.
        gaps = counts.gaps(np.random.default_rng(self.evidence.seq))
        return None if all(gap.is_closed for gap in gaps.values()) else "not_stable"

    @property
    def bounds(self) -> dict[str, list[float]]:
        """The metrics of the due predictions if all missing outcomes were wrong, or right."""
        due, known = self.age >= self.horizon, self.settled.known
        rows, shares = [], []
        for predicted in (0, 1):
            mine = due & (self.each.predicted == predicted)
            answered = self.settled.outcome[mine & known]
            size, positive = float(mine.sum()), float(answered.mean()) if len(answered) else 0.5
            rows.append((size * (1 - positive), size * positive))
            shares.append(len(answered) / size if size else 1.0)
        (tn, fn), (fp, tp) = rows
        table = Confusion(tp=tp, fp=fp, fn=fn, tn=tn)
        ends = partial(worst_case_bounds, table=table, answered_negative=shares[0], answered_positive=shares[1])
        return {metric: list(ends(metric)) for metric in BOUNDED}


def _days(waits: pd.Series) -> Floats:
    return np.asarray((waits.dt.total_seconds() / DAY_SECONDS).clip(lower=0.0), dtype=np.float64)
