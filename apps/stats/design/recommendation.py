"""Which predictions to draw: probabilities that narrow the ranges of several metrics at once, and never widen one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, FloatArray, IntArray, as_floats, same_length
from apps.stats.design.expectation import Expectation, Residuals
from apps.stats.moderation import anticipated_degrees, degrees_of_freedom, moderate
from apps.stats.sample_size import MINIMUM_CHANCE_LABELS

FLOOR_SHARE = 0.3
FLOOR_SHARE_OF_SMALL = 0.5
#: With earlier labels to judge by, chance may be left this share.
LEAST_FLOOR_SHARE = 0.1
SMALL = 200.0
_STEPS = 20


@dataclass(frozen=True, eq=False)
class Recommended:
    """A table of priorities: the draw has p = min(1, factor·priority), with any factor (`spread`).

    Attributes
    ----------
    predicted, bin : array (cells,) of int
        Predicted class and score bin of each cell, ascending; other cells have priority 1.
    priority : array (cells,), positive
        Its mean over the population is 1; the uniform draw has 1 everywhere.
    mixing : float, in [0, 1]
        λ, from the uniform draw to the one that leaves chance the least.
    floor_share : float, in (0, 1]
        Share of the draw that goes to everybody alike: the chance of a label by chance alone is factor·floor_share.
    variance_ratio : mapping of metric to float
        Estimated variance beside that of a uniform draw of as many labels; at most 1 for each metric.
    """

    predicted: IntArray
    bin: IntArray
    priority: FloatArray
    mixing: float
    floor_share: float
    variance_ratio: Mapping[str, float]


def floor_share(expected: float, *, is_new: bool = False) -> float:
    """Return the share δ of the draw that goes to the random floor.

    It is 0.3, or 0.5 for a new model or a small draw, and large enough for 50 expected labels.

    Parameters
    ----------
    expected : float, positive
        Expected size of the draw.
    is_new : bool
        Whether it is still unknown how far the model's scores can be trusted.

    Raises
    ------
    ValueError
        If expected is not positive.

    Examples
    --------
    >>> floor_share(500), floor_share(150), floor_share(80), floor_share(500, is_new=True)
    (0.3, 0.5, 0.625, 0.5)
    """
    usual = FLOOR_SHARE_OF_SMALL if is_new or expected < SMALL else FLOOR_SHARE
    return _with_fifty(usual, expected)


def recommend(
    expectation: Expectation,
    metrics: Sequence[str],
    *,
    expected: float,
    weights: Sequence[float] | None = None,
    is_new: bool = False,
) -> Recommended:
    """Recommend the draw between uniform and active that serves these metrics best, and no metric worse than uniform.

    The active draw has p = δn/N + c·√(Σ_k ω_k κ₂ₖ), where κ₂ₖ is what a label may move metric k by and ω_k lets every
    metric weigh the same. Mixed with the uniform draw it keeps this form; only the share of chance grows from δ to 1.
    Of the mixtures in which no metric has a larger variance than with a uniform draw, the one with the smallest
    geometric mean of these variances is chosen. A variance is V_a, or V* where earlier labels tell how far the proxy
    is off: Σ_s (1/π)·o·β²(y−m)² over them, moderated by V_a.

    Parameters
    ----------
    expectation : Expectation
        Recent predictions and what to expect of each metric.
    metrics : sequence of str
        The metrics that matter.
    expected : float, positive
        Labels expected in a window.
    weights : sequence of float, optional
        How much each metric matters; 1 by default, 0 leaves it out.
    is_new : bool
        Whether it is still unknown how far the model's scores can be trusted.

    Returns
    -------
    Recommended

    Raises
    ------
    ValueError
        If there is no metric, one cannot be planned (the message has its code), a weight is negative, all are zero, or
        the size is not positive.

    References
    ----------
    Neyman (1934), On the two different aspects of the representative method; arXiv 2511.08991 for choosing the mixture
    by estimated variance.

    Examples
    --------
    >>> from apps.stats.design.binary_expectation import BinaryExpectation
    >>> from apps.stats.estimators.population import Population
    >>> cells = Population.of(predicted=[0, 1], bin=[70, 100], n=[9000, 1000], sum_pi=[9, 1], sum_odds=[9e6, 1e6])
    >>> best = recommend(BinaryExpectation(cells), ["accuracy"], expected=500)
    >>> best.priority.round(2).tolist(), best.floor_share, round(best.variance_ratio["accuracy"], 2)
    ([0.92, 1.72], 0.3, 0.89)
    """
    if not metrics:
        raise ValueError("metrics must hold at least one")
    least = floor_share(expected, is_new=is_new)
    cells = expectation.population
    if not cells.size > 0:
        raise ValueError("population must hold predictions")
    chosen, importance = [_measured(expectation, metric) for metric in metrics], _importance(weights, len(metrics))
    if all(one.residuals is not None for one in chosen):
        least = min(least, _with_fifty(LEAST_FLOOR_SHARE, expected))
    active = _active(chosen, cells.logged, importance)
    uniform = [one.variance(_odds(np.ones(len(cells.n)), cells.logged, expected)) for one in chosen]
    best, best_gain = Recommended(cells.predicted, cells.bin, np.ones(len(cells.n)), 0.0, 1.0, _named(metrics)), 0.0
    for mixing in np.linspace(0, 1, _STEPS + 1)[1:]:
        floor = least + (1 - float(mixing)) * (1 - least)
        priority = floor + (1 - floor) * active
        odds = _odds(priority, cells.logged, expected)
        ratios = np.array([_ratio(one.variance(odds), even) for one, even in zip(chosen, uniform, strict=True)])
        gain = float(importance @ np.log(np.maximum(ratios, 1e-300)))
        if (ratios[importance > 0] <= 1).all() and gain < best_gain:
            named = dict(zip(metrics, ratios.tolist(), strict=True))
            best_gain = gain
            best = Recommended(cells.predicted, cells.bin, priority, float(mixing), floor, named)
    return best


def spread(priority: ArrayLike, *, n: ArrayLike, expected: float) -> FloatArray:
    """Compute p = min(1, factor·priority), with the factor at which the draw has the expected size.

    Parameters
    ----------
    priority : array (cells,), positive
        Priority of each cell.
    n : array (cells,), not negative
        Predictions in each.
    expected : float, positive
        Expected size of the draw; above N everything is drawn.

    Returns
    -------
    array (cells,), in (0, 1]

    Raises
    ------
    ValueError
        If lengths differ, a priority or the size is not positive, or a count is negative.

    Examples
    --------
    >>> spread([1.0, 6.0], n=[8, 2], expected=4)
    array([0.25, 1.  ])
    """
    wanted, size = as_floats("priority", priority, largest=LARGEST), as_floats("n", n, largest=LARGEST)
    same_length(priority=wanted, n=size)
    if not (wanted > 0).all():
        raise ValueError("priority must be positive")
    if (size < 0).any():
        raise ValueError("n must not be negative")
    if not (math.isfinite(expected) and expected > 0):
        raise ValueError(f"expected must be positive, got {expected}")
    order = np.argsort(-wanted)
    ranked, mass = wanted[order], size[order]
    # What the rows from here on get if all before them are certain; right is the first that exceeds 1 nowhere.
    before = np.cumsum(mass) - mass
    pull = np.cumsum((mass * ranked)[::-1])[::-1]
    factor = np.maximum(expected - before, 0.0) / np.maximum(pull, 1e-300)
    fits = np.flatnonzero((factor * ranked <= 1) & (pull > 0))
    return np.minimum(1.0, (factor[fits[0]] if len(fits) else LARGEST) * wanted)


@dataclass(frozen=True, eq=False)
class _Measured:
    """What a label of each cell may move a metric by, κ₂ and κ₄ including amounts, and what earlier labels did."""

    n: FloatArray
    second: FloatArray
    fourth: FloatArray
    residuals: Residuals | None

    def variance(self, odds: FloatArray) -> float:
        """Estimate the variance of the total under a draw with these odds (1−p)/p by cell."""
        anticipated = float((self.n * self.second) @ odds)
        found = self.residuals
        if found is None:
            return anticipated
        terms = found.weight * odds[found.cell] * found.squares
        expected = found.weight * odds[found.cell] * self.second[found.cell]
        fourth = (found.weight * odds[found.cell]) ** 2 @ self.fourth[found.cell]
        nu = min(degrees_of_freedom(terms), float(anticipated_degrees([expected.sum()], [fourth])[0]))
        if not math.isfinite(nu):
            return anticipated
        return float(moderate([terms.sum()], [nu], [anticipated])[0][0])


def _measured(expectation: Expectation, metric: str) -> _Measured:
    figure = expectation.figure(metric)
    if isinstance(figure, str):
        raise ValueError(f"metrics holds {metric!r}, which cannot be planned: {figure}")
    cells, second, fourth = expectation.population, figure.second, figure.fourth
    if figure.linear.uses_amount:
        second, fourth = second * cells.mean_amount2, fourth * cells.mean_amount4
    # A label counts by the square of what its prediction stands for, where not all traffic is logged.
    square, residuals = cells.mean_weight2, expectation.residuals(metric)
    if residuals is not None:
        residuals = replace(residuals, squares=residuals.squares * square[residuals.cell])
    return _Measured(cells.logged, second * square, fourth * square**2, residuals)


def _active(chosen: Sequence[_Measured], n: FloatArray, importance: FloatArray) -> FloatArray:
    """Compute √(Σ_k ω_k κ₂ₖ) by cell, scaled to mean 1; 1 where no label moves anything."""
    together = np.zeros(len(n))
    for weight, one in zip(importance, chosen, strict=True):
        whole = float(n @ one.second)
        together += weight * (one.second / whole) if whole > 0 else 0.0
    pull = np.sqrt(together)
    mean = float(n @ pull) / float(n.sum())
    return pull / mean if mean > 0 else np.ones(len(n))


def _importance(weights: Sequence[float] | None, metrics: int) -> FloatArray:
    given = np.ones(metrics) if weights is None else as_floats("weights", weights, length=metrics, largest=LARGEST)
    if (given < 0).any() or not given.sum() > 0:
        raise ValueError("weights must not be negative, and not all zero")
    return np.asarray(given / given.sum())


def _odds(priority: FloatArray, n: FloatArray, expected: float) -> FloatArray:
    p = spread(priority, n=n, expected=expected)
    return np.asarray((1 - p) / p)


def _ratio(variance: float, uniform: float) -> float:
    return variance / uniform if uniform > 0 else 1.0


def _named(metrics: Sequence[str]) -> dict[str, float]:
    return dict.fromkeys(metrics, 1.0)


def _with_fifty(share: float, expected: float) -> float:
    """Return the share, or more where it takes more for 50 expected labels."""
    if not (math.isfinite(expected) and expected > 0):
        raise ValueError(f"expected must be positive, got {expected}")
    return min(1.0, max(share, MINIMUM_CHANCE_LABELS / expected))
