"""What the drawn items themselves say about the draw: were they drawn with the probabilities that were recorded?"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from apps.stats.arrays import LARGEST, FloatArray, as_floats, as_inclusion
from apps.stats.estimators.population import Population

#: Chance of a false alarm of all checks of a draw together.
ALPHA = 0.001


@dataclass(frozen=True)
class DrawCheck:
    """One sum over the draw beside what it should be.

    Attributes
    ----------
    name : str
        "size" (Σ 1/π against N), "drawn" (number drawn against Σπ), or the name of a known total.
    expected, found : float
    z, p_value : float or None
        None where the draw leaves nothing to chance.
    is_failed : bool
        p below ALPHA over the number of checks, or a difference where nothing was left to chance.
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
    """The draw's own checks, on all that was drawn, answered or not. One that fails is an incident.

    Parameters
    ----------
    population : Population
        The cells drawn from, with π as recorded (no response rates in it); those with π = 0 are left out.
    pi : array (drawn,), in (0, 1]
        Inclusion probability of each drawn item.
    totals : mapping of name to (values (drawn,), known total), optional
        Σ over the covered population of something known for all, such as the score.

    Returns
    -------
    tuple of DrawCheck
        "size": Σ_D 1/π against N with variance Σ_U (1−π)/π; "drawn": |D| against Σ_U π with variance Σ_U π(1−π), from
        above by Σπ(1 − Σπ/N) of each cell; each total: Σ_D v/π with variance Σ_D (1−π)/π² v².

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
        # Of few draws the variance is better known from the population than from them: Σ_U (1−π)/π.
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
