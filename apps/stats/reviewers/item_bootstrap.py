"""The interval of a chance-corrected coefficient: a weighted bootstrap over items, on a scale that ends at 1."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from apps.stats.arrays import FloatArray
from apps.stats.estimate import Estimate, from_interval, missing
from apps.stats.intervals import Interval, t_quantile, wilson_interval
from apps.stats.reviewers.ratings import RatingTable
from apps.stats.sample_size import effective_size, labels_needed

REPLICATES = 1000
MINIMUM_REPLICATES = 100

#: Weights (replicates × patterns) held in memory at a time.
_CHUNK = 2_000_000
#: Disagreement below this counts as none: it is rounding error.
NOTHING = 1e-12

#: Weights (replicates, patterns) → observed and expected disagreement, each (replicates,) and at most 1.
Disagreement = Callable[[FloatArray], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, eq=False)
class Coefficient:
    """1 − observed/expected disagreement, as a function of the items' weights.

    Attributes
    ----------
    table : RatingTable
        The rated items.
    disagreement : callable
        Observed and expected disagreement for given weights.
    influence : array (patterns,)
        Influence of one item of each pattern, at the sample's own weights; mean zero.
    published : array (patterns,)
        The same in Gwet's linearization, for the standard error that he publishes.
    """

    table: RatingTable
    disagreement: Disagreement
    influence: FloatArray
    published: FloatArray


def conclude_coefficient(
    coefficient: Coefficient, *, rng: np.random.Generator, level: float, replicates: int = REPLICATES
) -> Estimate:
    """Estimate the coefficient with its interval: t with ν degrees of freedom on the scale of log(1 − κ).

    On that scale the interval cannot pass 1 and is as skewed as the coefficient. ν = (Σv)²/Σv² over the items' terms v
    of the variance: where few items disagree, only these few carry information on the spread, however many items there
    are.

    Parameters
    ----------
    coefficient : Coefficient
        A coefficient with expected disagreement.
    rng : numpy.random.Generator
        Source of the bootstrap weights.
    level : float, in (0, 1)
        Confidence level of the interval.
    replicates : int, at least 100
        Bootstrap resamples.

    Returns
    -------
    Estimate
        Beside the number `preliminary` (ν < 5), or `boundary` where items do not differ at all.

    Raises
    ------
    ValueError
        If level or replicates is out of range.

    References
    ----------
    Rubin (1981), The Bayesian bootstrap: weights are never zero, so no replicate loses a class.

    Examples
    --------
    >>> from apps.stats.reviewers.many_raters import gwet_ac1
    >>> gwet_ac1([[0, 0], [1, 1], [0, 1]] * 20, rng=np.random.default_rng(1)).method
    'bootstrap'
    """
    check_bootstrap(level=level, replicates=replicates)
    table = coefficient.table
    observed, expected = (float(part[0]) for part in coefficient.disagreement((table.items * table.weight)[None]))
    ratio = observed / expected
    pi = table.paired().pi_by_item()
    if observed <= NOTHING or np.abs(table.weight * coefficient.influence).max() <= 1e-9 * ratio:
        low, high = _without_variation(observed, expected, pi=pi, level=level)
        interval = Interval(1 - ratio, low, high, "wilson", 0.0, 0.0, is_boundary=True)
        return from_interval(interval, n=len(pi), n_eff=effective_size(pi))
    nu = _degrees(table, coefficient.influence)
    q = t_quantile(level, max(nu, 1.0))
    reach = min(q * _spread(coefficient, rng, replicates) / ratio, 700.0)  # exp overflows above 709
    low, high = _held(1 - ratio * math.exp(reach), 1 - ratio * math.exp(-reach), value=1 - ratio)
    interval = Interval(1 - ratio, low, high, "bootstrap", _standard_error(table, coefficient.published), nu)
    needed = labels_needed(nu=nu, n=len(pi), by_chance=None, expected=float(len(pi)))
    return from_interval(interval, n=len(pi), n_eff=effective_size(pi), needed=needed)


def check_bootstrap(*, level: float, replicates: int) -> None:
    """Raise a ValueError that names the wrong argument, before any work is done.

    Examples
    --------
    >>> check_bootstrap(level=0.95, replicates=3)
    Traceback (most recent call last):
    ValueError: replicates must be at least 100, got 3
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level}")
    if replicates < MINIMUM_REPLICATES:
        raise ValueError(f"replicates must be at least {MINIMUM_REPLICATES}, got {replicates}")


def refusal(table: RatingTable) -> Estimate | None:
    """Return an estimate without a value where these ratings bear no coefficient, or None.

    Examples
    --------
    >>> from apps.stats.reviewers.ratings import tabulate_ratings
    >>> refusal(tabulate_ratings([[1, np.nan], [1, 2]])).code
    'no_overlap'
    """
    if table.n == 0:
        return missing("no_labels")
    paired = round(float(table.items[table.is_paired].sum()))
    if paired < 2:
        return missing("no_overlap", n=paired)
    return None


def is_without_chance(coefficient: Coefficient) -> bool:
    """Whether chance alone would always agree: all ratings are the same."""
    weight = coefficient.table.items * coefficient.table.weight
    return bool(coefficient.disagreement(weight[None])[1][0] <= NOTHING)


def _spread(coefficient: Coefficient, rng: np.random.Generator, replicates: int) -> float:
    """Return the standard deviation of the coefficient over Bayesian bootstrap weights.

    The weights of identical items add up to one gamma variable: the same distribution, at the cost of the patterns
    only.
    """
    table = coefficient.table
    rows = max(1, _CHUNK // len(table.items))
    ratios: list[FloatArray] = []
    for start in range(0, replicates, rows):
        size = (min(rows, replicates - start), len(table.items))
        observed, expected = coefficient.disagreement(rng.gamma(table.items, size=size) * table.weight)
        ratios.append(observed / expected)
    # The Bayesian bootstrap divides the sample variance by n + 1; the unbiased divisor is n − 1.
    return float(np.concatenate(ratios).std(ddof=1)) * math.sqrt((table.n + 1) / (table.n - 1))


def _degrees(table: RatingTable, influence: FloatArray) -> float:
    scaled = table.weight * influence
    terms = (scaled / np.abs(scaled).max()) ** 2
    return float((table.items @ terms) ** 2 / (table.items @ terms**2))


def _standard_error(table: RatingTable, influence: FloatArray) -> float:
    """Return the standard error for items from a superpopulation, without a finite population correction."""
    total = float(table.items @ table.weight)
    return math.sqrt(float(table.items @ (table.weight * influence) ** 2) / total**2 * table.n / (table.n - 1))


def _without_variation(observed: float, expected: float, *, pi: FloatArray, level: float) -> tuple[float, float]:
    """Return the interval where all items are alike: Wilson's, for the share that may still differ."""
    n = effective_size(pi) or 1.0
    fewest, most = wilson_interval(min(observed, 1.0) * n, n, level=level)
    return _held(1 - most / expected, 1 - fewest / expected, value=1 - observed / expected)


def _held(low: float, high: float, *, value: float) -> tuple[float, float]:
    return min(max(low, -1.0), value), min(max(high, value), 1.0)
