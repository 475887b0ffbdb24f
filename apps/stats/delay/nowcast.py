"""Nowcast: the outcomes so far estimated a second way, week by week, to check the weighting by age."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import FloatArray, IntArray, as_binary, as_floats, as_ints, sum_by
from apps.stats.delay.mixing import MixedEstimator
from apps.stats.estimators.confusion import Confusion, evaluate
from apps.stats.estimators.population import Population

#: Metrics in which the two estimates must agree; all others follow from the same table.
METRICS = ("accuracy", "precision", "recall")
#: Replicates of the bootstrap.
DRAWS = 200
#: Standard errors by which two agreeing estimates may differ.
LARGEST_GAP = 2.0
#: A week with a smaller share of its outcomes known is nowcast together with the next older one.
LEAST_KNOWN = 1 / 3

_OPEN = -1
_STEPS = 20  # m′ is counted in steps of .05


@dataclass(frozen=True)
class Gap:
    """One metric estimated both ways.

    Attributes
    ----------
    weighted, nowcast : float
        By the age weights, and by the nowcast; nan where a metric is undefined.
    sd : float
        Standard deviation of their difference.
    """

    weighted: float
    nowcast: float
    sd: float

    @property
    def is_closed(self) -> bool:
        """Whether chance explains the difference."""
        return abs(self.weighted - self.nowcast) <= LARGEST_GAP * self.sd


@dataclass(frozen=True, eq=False)
class OutcomeCounts:
    """Predictions counted by age, class, what is known of their outcome, and m′. Made by `count_outcomes`.

    Attributes
    ----------
    age, delay : array (cells,), in whole days
        The delay is 0 where the outcome is open.
    predicted : array (cells,) of 0 or 1
        Predicted class.
    outcome : array (cells,) of 0 or 1
        -1 where it is open.
    mean : array (cells,)
        Mean m′.
    n : array (cells,)
        Number of predictions that were logged.
    weight : array (cells,)
        Number of predictions that each of them stands for, 1/ℓ.
    horizon : int, in days
        H, the age at which an outcome is due.
    response : float, in (0, 1]
        Share of the due outcomes that came.
    """

    age: IntArray
    delay: IntArray
    predicted: IntArray
    outcome: IntArray
    mean: FloatArray
    n: FloatArray
    weight: FloatArray
    horizon: int
    response: float

    def gaps(self, rng: np.random.Generator) -> dict[str, Gap]:
        """Estimate every metric both ways, with the spread of the difference by a Poisson bootstrap over predictions.

        A sum of Poisson(1) weights over the predictions of a cell is one Poisson(n), so the cells are resampled.
        """
        n = self.n * self.weight
        both = self.weighted(n), self.nowcast(n)
        replicates = [rng.poisson(self.n).astype(np.float64) * self.weight for _ in range(DRAWS)]
        tables = [(self.weighted(n), self.nowcast(n)) for n in replicates]
        gaps = {}
        for metric in METRICS:
            found, later = (evaluate(metric, table) for table in both)
            apart = np.array([evaluate(metric, one) - evaluate(metric, other) for one, other in tables])
            gaps[metric] = Gap(found, later, float(apart.std()))
        return gaps

    def weighted(self, n: FloatArray) -> Confusion:
        """Estimate the table by m′ + (O/ϖ)(Y − m′), ϖ by predicted class, from n predictions in each cell."""
        ages = self._by_age(n)
        at_least = np.cumsum(ages[::-1], axis=0)[::-1] / np.maximum(ages.sum(axis=0), 1.0)
        varpi = at_least[self.delay, self.predicted] * self.response
        is_known = (self.outcome != _OPEN) & (varpi > 0)
        moved = np.where(is_known, (self.outcome - self.mean) / np.where(is_known, varpi, 1.0), 0.0)
        return _table(ages.sum(axis=0), sum_by(self.predicted, n * (self.mean + moved), size=2))

    def nowcast(self, n: FloatArray) -> Confusion:
        """Estimate the table week by week: each cell's known outcomes, divided by the share known at their age."""
        ages, known = self._by_age(n), [self._by_age(part) for part in self._known(n)]
        share = [curve * self.response for curve in self._curves(n)]
        weeks, groups = self._weeks, int(self._weeks[-1]) + 1
        positive = np.zeros(2)
        for predicted in (0, 1):
            size = sum_by(weeks, ages[:, predicted], size=groups)
            counts = [sum_by(weeks, known[y][:, predicted], size=groups) for y in (0, 1)]
            shares = [sum_by(weeks, ages[:, predicted] * share[y], size=groups) / np.maximum(size, 1.0) for y in (0, 1)]
            positive[predicted] = size @ positive_share(size, counts, shares)
        return _table(ages.sum(axis=0), positive)

    @cached_property
    def _weeks(self) -> IntArray:
        """Number the week of each age, weeks with few known outcomes together with the next older one."""
        first = int(np.argmax(np.maximum(*self._curves(self.n * self.weight)) >= LEAST_KNOWN))
        return np.maximum(np.arange(self._days) - first, 0) // 7

    def _curves(self, n: FloatArray) -> list[FloatArray]:
        """Return F̂ of each class by age."""
        days = self.horizon + 1
        return [
            share_known(sum_by(self.delay, part, size=days), sum_by(self.age, part, size=self._days))
            for part in self._known(n)
        ]

    def _known(self, n: FloatArray) -> list[FloatArray]:
        """Return the predictions known to be of each class, by cell."""
        return [np.where(self.outcome == y, n, 0.0) for y in (0, 1)]

    def _by_age(self, n: FloatArray) -> FloatArray:
        return sum_by(2 * self.age + self.predicted, n, size=2 * self._days).reshape(-1, 2)

    @cached_property
    def _days(self) -> int:
        return max(int(self.age.max(initial=0)), self.horizon) + 1


def count_outcomes(
    estimator: MixedEstimator,
    each: Population,
    *,
    age: ArrayLike,
    outcome: ArrayLike,
    delay: ArrayLike,
    horizon: int,
    response: float = 1.0,
) -> OutcomeCounts:
    """Count the predictions of a window for the check of its estimator.

    Parameters
    ----------
    estimator : MixedEstimator
        Estimator of the window, its ages by predicted class.
    each : Population
        The predictions of the window, one cell each (N,).
    age : array (N,), in whole days
        From the prediction to the day through which outcomes have been delivered.
    outcome : array (N,) of 0 or 1
        Y; nan where it is not known yet.
    delay : array (N,), in whole days
        T, at most the horizon; nan where the outcome is.
    horizon : int, in days, positive
        H, the age at which an outcome is due.
    response : float, in (0, 1]
        Share of the due outcomes that came, where no rule settles the others.

    Returns
    -------
    OutcomeCounts

    Raises
    ------
    ValueError
        If lengths differ, an age or a delay is no whole number, an outcome is not 0 or 1 or has no delay, a delay
        exceeds its age or the horizon, or the response is not in (0, 1].

    Examples
    --------
    >>> from apps.stats.delay.mixing import mixed_estimator
    >>> from apps.stats.delay.weights import age_shares
    >>> each = Population.of_each(predicted=[1] * 60, score=[0.7] * 60, pi=[1] * 60)
    >>> age, outcome = [30] * 30 + [95] * 30, [1] * 20 + [float("nan")] * 10 + [1] * 20 + [0] * 10
    >>> delay = [10] * 20 + [float("nan")] * 10 + [10] * 20 + [90] * 10
    >>> known = [row for row in range(60) if outcome[row] == outcome[row]]
    >>> rows = {"outcome": [outcome[row] for row in known], "delay": [delay[row] for row in known]}
    >>> mixed = mixed_estimator(
    ...     each.compact(), age_shares(age, horizon=90), predicted=[1] * 50, score=[0.7] * 50, **rows
    ... )
    >>> counts = count_outcomes(mixed, each, age=age, outcome=outcome, delay=delay, horizon=90)
    >>> [round(table.tp, 6) for table in (counts.weighted(counts.n), counts.nowcast(counts.n))]
    [0.666667, 0.666667]
    """
    rows = len(each.n)
    ages = as_ints("age", age, length=rows)
    given = as_floats("outcome", outcome, length=rows, allow_nan=True)
    is_known = ~np.isnan(given)
    as_binary("outcome", given[is_known])
    waited = as_floats("delay", delay, length=rows, allow_nan=True)
    days = as_ints("delay", np.where(is_known, waited, 0.0))
    if (days > np.minimum(ages, horizon)).any():
        raise ValueError("delay must exceed neither the age of its prediction nor the horizon")
    if not 0 < response <= 1:
        raise ValueError(f"response must be in (0, 1], got {response}")
    mean = estimator.expected_truth(each)
    truth = np.where(is_known, given, _OPEN).astype(np.int64)
    weights, of_weight = np.unique(each.n, return_inverse=True)
    keys = np.column_stack([ages, days, each.predicted, truth, np.rint(mean * _STEPS).astype(np.int64), of_weight])
    kinds, place = np.unique(keys, axis=0, return_inverse=True)
    n = np.bincount(place.ravel(), minlength=len(kinds)).astype(np.float64)
    sums = sum_by(place.ravel(), mean, size=len(kinds))
    return OutcomeCounts(
        age=kinds[:, 0],
        delay=kinds[:, 1],
        predicted=kinds[:, 2],
        outcome=kinds[:, 3],
        mean=sums / n,
        n=n,
        weight=weights[kinds[:, 5]],
        horizon=horizon,
        response=response,
    )


def share_known(delays: FloatArray, ages: FloatArray) -> FloatArray:
    """Estimate F̂: the share of the outcomes of one class that is known at each age.

    Only those known by now are seen: their delays are truncated at their age. Looking back from the horizon, of those
    known within t days among the predictions at least t old, the share that took exactly t is not truncated.

    Parameters
    ----------
    delays : array (H + 1,)
        Known outcomes by delay, in days.
    ages : array (days,), days > H
        The same outcomes by the age of their prediction.

    Returns
    -------
    array (days,), in [0, 1]
        1 from the horizon on.

    References
    ----------
    Lagakos, Barraj and De Gruttola (1988), Nonparametric analysis of truncated survival data, with application to AIDS.

    Examples
    --------
    >>> share_known(np.array([0.0, 3.0, 1.0]), np.array([0.0, 2.0, 1.0, 1.0]))  # both are 2 days old or older
    array([0. , 0.5, 1. , 1. ])
    """
    horizon = len(delays) - 1
    younger = np.concatenate([[0.0], np.cumsum(ages)])[: horizon + 1]
    at_risk = np.cumsum(delays) - younger
    earlier = 1 - np.divide(delays, at_risk, out=np.zeros(horizon + 1), where=at_risk > 0)
    share = np.append(np.cumprod(earlier[:0:-1])[::-1], 1.0)
    return share[np.minimum(np.arange(len(ages)), horizon)]


def positive_share(size: FloatArray, known: list[FloatArray], share: list[FloatArray]) -> FloatArray:
    """Find the share of positives under which the known and the open outcomes of each group are likeliest.

    Known outcomes of a class, divided by the share known at that age, give its number where only one class is known so
    early or the group is mature. In between, both classes and the open outcomes are evidence of the same share p:
    the derivative of K₁ log p + K₀ log(1−p) + U log(1 − pF₁ − (1−p)F₀) is zero at a root of a quadratic.

    Parameters
    ----------
    size : array (groups,)
        Predictions.
    known : two arrays (groups,)
        K₀ and K₁: known negatives and positives.
    share : two arrays (groups,), in [0, 1]
        F₀ and F₁.

    Returns
    -------
    array (groups,), in [0, 1]

    Examples
    --------
    >>> known, share = [np.array([0.0, 30.0]), np.array([10.0, 20.0])], [np.array([0.0, 0.5]), np.array([0.2, 0.5])]
    >>> positive_share(np.array([100.0, 100.0]), known, share)  # 10/.2 of 100, 20 of 50
    array([0.5, 0.4])
    """
    (negative, positive), (early_0, early_1) = known, share
    apart, still_open = early_1 - early_0, 1 - early_0
    undecided = size - positive - negative
    linear = positive * (still_open + apart) + negative * still_open + undecided * apart
    root = np.sqrt(np.maximum(linear**2 - 4 * size * apart * positive * still_open, 0.0))
    # This form of the root does not cancel. Where all outcomes are known, there is nothing to solve.
    is_open, is_late = linear + root > 1e-9, linear < 0
    solved = np.where(
        is_late,
        (linear - root) / np.where(is_late, 2 * size * apart, 1.0),
        2 * positive * still_open / np.where(is_open, linear + root, 1.0),
    )
    decided = positive / np.maximum(positive + negative, 1.0)
    return np.clip(np.where(is_open | is_late, solved, decided), 0.0, 1.0)


def _table(size: FloatArray, positive: FloatArray) -> Confusion:
    """Return the shares in each corner, from predictions and positives by predicted class."""
    total = max(float(size.sum()), 1.0)
    return Confusion(
        tp=float(positive[1]) / total,
        fp=float(size[1] - positive[1]) / total,
        fn=float(positive[0]) / total,
        tn=float(size[0] - positive[0]) / total,
    )
