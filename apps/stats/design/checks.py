"""Checks of a draw by its own items: were they drawn with the recorded probabilities?"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from apps.stats.arrays import LARGEST, FloatArray, as_floats, as_inclusion
from apps.stats.estimators.population import Population

#: Probability of a false alarm, for all checks of a draw together.
ALPHA = 0.001


@dataclass(frozen=True)
class DrawCheck:
    """One sum over the draw, with its expected value.

    Attributes
    ----------
    name : str
        "size" (Σ 1/π against N), "drawn" (number drawn against Σπ), or the name of a known total.
    expected, found : float
        Expected value of the sum, and its value in the draw.
    z, p_value : float or None
        Difference in standard errors and its two-sided p-value; None where the draw leaves nothing to chance.
    is_failed : bool
        Whether p is below ALPHA over the number of checks, or the sums differ where nothing was left to chance.
    """

    name: str
    expected: float
    found: float
    z: float | None
    p_value: float | None
    is_failed: bool


def check_draw(
    population: Population, pi: ArrayLike, *, totals: Mapping[str, tuple[ArrayLike, float]] | None = None
) -> tuple[DrawCheck, ...]:
    """Check a draw on everything drawn, answered or not. A failed check is an incident.

    Parameters
    ----------
    population : Population
        Cells the draw was made from, with π as recorded (without response rates); predictions with π = 0 are left out.
    pi : array (drawn,), in (0, 1]
        Inclusion probability of each drawn item.
    totals : mapping of name to (values (drawn,), known total), optional
        Σ over the covered population of a quantity known for every prediction, such as the score.

    Returns
    -------
    tuple of DrawCheck
        "size": Σ_D 1/π against N with variance Σ_U (1−π)/π. "drawn": |D| against Σ_U π with variance Σ_U π(1−π),
        bounded from above by Σπ(1 − Σπ/N) of each cell. Each total: Σ_D v/π with variance Σ_D (1−π)/π² v².

    Raises
    ------
    ValueError
        If π is outside (0, 1], lengths differ or a value is not finite.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, 3.2 (Poisson sampling).

    Examples
    --------
    >>> cells = Population.of(predicted=[0], bin=[80], n=[1000], sum_pi=[100], sum_odds=[9000])
    >>> [(check.name, check.found, check.is_failed) for check in check_draw(cells, [0.1] * 95)]
    [('size', 950.0, False), ('drawn', 95.0, False)]
    >>> any(check.is_failed for check in check_draw(cells, [0.1] * 40))
    True
    """
    inclusion = as_inclusion("pi", pi)
    covered = population.n - population.n_uncovered
    size, drawn = float(covered.sum()), float(population.sum_pi.sum())
    share = population.sum_pi / np.where(covered > 0, covered, 1.0)
    weight, spread = 1 / inclusion, (1 - inclusion) / inclusion**2
    given = {name: _given(name, each, length=len(inclusion)) for name, each in (totals or {}).items()}
    alpha = ALPHA / (2 + len(given))
    checks = [
        # With few draws, Σ_U (1−π)/π of the population is a better variance than an estimate from the draws.
        _check("size", size, float(weight.sum()), float(population.sum_odds.sum()), alpha=alpha),
        _check("drawn", drawn, float(len(inclusion)), float(population.sum_pi @ (1 - share)), alpha=alpha),
    ]
    for name, (values, total) in given.items():
        variance = float(spread @ values**2)
        checks.append(_check(name, total, float(weight @ values), variance, alpha=alpha))
    return tuple(checks)


def _given(name: str, each: tuple[ArrayLike, float], *, length: int) -> tuple[FloatArray, float]:
    values, total = each
    if not math.isfinite(total):
        raise ValueError(f"total of {name} must be finite, got {total}")
    return as_floats(f"values of {name}", values, length=length, largest=LARGEST), float(total)


def _check(name: str, expected: float, found: float, variance: float, *, alpha: float) -> DrawCheck:
    if not variance > 0:
        differs = not math.isclose(expected, found, rel_tol=1e-9, abs_tol=1e-9)
        return DrawCheck(name, expected, found, None, None, is_failed=differs)
    z = (found - expected) / math.sqrt(variance)
    p_value = 2 * float(stats.norm.sf(abs(z)))
    return DrawCheck(name, expected, found, z, p_value, is_failed=p_value < alpha)
