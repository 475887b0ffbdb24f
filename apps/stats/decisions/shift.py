"""The constant shift of all predictions that costs least, such as "predict 3 lower"."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from apps.stats.arrays import FloatArray
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.estimators.number_losses import Loss
from apps.stats.estimators.regression import RegressionEstimator
from apps.stats.estimators.unit_cost import UnitCost
from apps.stats.intervals import logit_mod, t_quantile
from apps.stats.sample_size import effective_size

METHOD = "woodruff"


@dataclass(frozen=True)
class BestShift:
    """The constant to add to every prediction.

    Attributes
    ----------
    shift : Estimate
        In the unit of the prediction; "predict 3 lower" is −3.
    saving : Estimate
        What the shift would save per prediction, ignoring that the same labels chose it; `.scaled(N)` for all.
    advice : str or None
        `raise` or `lower` the predictions; `no_change` where the interval of the shift contains 0; None without a shift
        or while it is preliminary.
    """

    shift: Estimate
    saving: Estimate
    advice: str | None


def best_shift(estimator: RegressionEstimator, cost: UnitCost) -> BestShift:
    """Find the constant shift of all predictions that costs least, with its interval.

    Without a dead zone it is the under/(over + under) quantile of truth minus prediction, as for a newsvendor. With a
    dead zone of width w it is the shift c at which over·F(c − w) + under·F(c + w) passes `under`. The interval inverts
    that function at both ends of the interval of its value.

    Parameters
    ----------
    estimator : RegressionEstimator
        Estimator of the window.
    cost : UnitCost
        What an error costs.

    Returns
    -------
    BestShift
        Instead of a shift: `one_sided` where only one direction costs anything, `too_few` where the labels bound the
        shift on neither side. Beside a shift: `open_above` or `open_below` where they bound it on one side only.

    References
    ----------
    Woodruff (1952), Confidence intervals for medians and other position measures; Koenker and Bassett (1978),
    Regression quantiles.

    Examples
    --------
    >>> from apps.stats.estimators.population import Population
    >>> from apps.stats.estimators.sample import Sample
    >>> cells = Population.of(predicted=[0], bin=[3], n=[3], sum_pi=[3], sum_odds=[0])
    >>> items = Sample.of(predicted=[0] * 3, score=[float("nan")] * 3, pi=[1.0] * 3, label=[9.0, 12.0, 10.0])
    >>> known = RegressionEstimator(cells, items, predicted=[10.0] * 3, bins=[3] * 3)
    >>> best = best_shift(known, UnitCost(over=1.0, under=4.0))
    >>> best.shift.value, best.advice
    (2.0, 'raise')
    """
    if cost.over == 0 or cost.under == 0:
        shift = missing("one_sided", n=len(estimator.sample.pi))
    else:
        shift = _shift(estimator, cost)
    if shift.value is None:
        return BestShift(shift, missing(shift.code or "too_few", n=shift.n), None)
    by = shift.value
    saving = estimator.mean(lambda predicted, truth: cost(predicted, truth) - cost(predicted + by, truth))
    return BestShift(shift, saving, _advice(shift))


def _shift(estimator: RegressionEstimator, cost: UnitCost) -> Estimate:
    target = cost.under / (cost.over + cost.under)
    refusal = estimator.mean(_share_below(cost, 0.0))
    if refusal.value is None:
        return refusal
    candidates = _candidates(estimator, cost)

    def first(share: float) -> float:
        return _first(candidates, lambda shift: _mean_share(estimator, cost, shift) >= share * (1 - 1e-12))

    value = first(target)
    share = estimator.mean(_share_below(cost, value))
    if share.method == "exact":
        return exactly(value, n=share.n, covered_share=share.covered_share)
    return _with_interval(value, share, target, first, estimator=estimator)


def _with_interval(
    value: float, share: Estimate, target: float, first: Callable[[float], float], *, estimator: RegressionEstimator
) -> Estimate:
    """Return Woodruff's interval: where the distribution function passes the ends of the interval of the share."""
    se, df, level = share.se or 0.0, share.df or 1.0, estimator.level
    around = logit_mod(target, variance=se**2, df=df, n=share.n, level=level)
    # If all labels may lie on one side of the quantile, they do not bound it on the other.
    tail, n_eff = (1 - level) / 2, effective_size(estimator.sample.overall) or 0.0
    low = None if (1 - target) ** n_eff > tail else min(value, first(around.low))
    high = None if target**n_eff > tail else max(value, first(around.high))
    if low is None and high is None:
        return missing("too_few", n=share.n, covered_share=share.covered_share)
    open_end = "open_below" if low is None else "open_above" if high is None else None
    is_early = share.code == "preliminary"
    return replace(
        share,
        value=value,
        low=low,
        high=high,
        method=METHOD,
        code=share.code if is_early else open_end or share.code,
        se=None if low is None or high is None else (high - low) / (2 * t_quantile(level, df)),
    )


def _share_below(cost: UnitCost, shift: float) -> Loss:
    """Return the function whose mean decides the shift, scaled to [0, 1]: at the best shift it passes the target."""
    weight_over = cost.over / (cost.over + cost.under)

    def share(predicted: FloatArray, truth: FloatArray) -> FloatArray:
        # Compute the same sums as `_candidates`, so that rounding cannot separate equal values.
        short = truth - predicted
        inner, outer = short + cost.dead_zone <= shift, short - cost.dead_zone <= shift
        return np.asarray(weight_over * inner + (1 - weight_over) * outer, dtype=np.float64)

    return share


def _mean_share(estimator: RegressionEstimator, cost: UnitCost, shift: float) -> float:
    return estimator.mean(_share_below(cost, shift)).value or 0.0


def _candidates(estimator: RegressionEstimator, cost: UnitCost) -> FloatArray:
    """Return the shifts at which the share jumps, ascending."""
    predicted = np.asarray(estimator.predicted, dtype=np.float64)
    short = np.concatenate([estimator.sample.label - predicted, estimator.sample.truth - predicted])
    return np.unique(np.concatenate([short - cost.dead_zone, short + cost.dead_zone]))


def _first(candidates: FloatArray, reaches: Callable[[float], bool]) -> float:
    """Return the first candidate that reaches the target, by bisection; the last if none does."""
    low, high = 0, len(candidates) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(float(candidates[middle])) else (middle + 1, high)
    return float(candidates[low])


def _advice(shift: Estimate) -> str | None:
    if shift.code == "preliminary":
        return None
    low, high = (end if end is not None else side for end, side in ((shift.low, -math.inf), (shift.high, math.inf)))
    return "raise" if low > 0 else "lower" if high < 0 else "no_change"
