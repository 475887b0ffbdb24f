"""Check of a draw by its own items: were they drawn with the recorded probabilities?"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import FloatArray, IntArray, as_ints, sum_by
from apps.stats.design.draw_counts import ALPHA, binomial_tail
from apps.stats.estimators.keys import as_classes
from apps.stats.estimators.population import Population
from apps.stats.score_bins import NO_SCORE

_FACTOR = 4.0  # predictions whose probabilities differ by less are counted together


@dataclass(frozen=True)
class DrawCheck:
    """The number of cases drawn, beside what the recorded probabilities predict.

    Attributes
    ----------
    drawn : int
        Cases drawn, |D|.
    expected, sd : float
        Σπ, and at most this standard deviation.
    p_value : float
        Probability of a draw at least as far off, in its whole or at any level of π; an upper bound.
    share : float or None
        Mean π of the level that is furthest off; None where the whole is.
    found_there, expected_there : float
        Cases drawn at that level, and expected.
    """

    drawn: int
    expected: float
    sd: float
    p_value: float
    share: float | None
    found_there: int
    expected_there: float

    @property
    def is_failed(self) -> bool:
        """Whether chance does not explain the draw."""
        return self.p_value < ALPHA


def check_draw(
    population: Population,
    *,
    predicted: ArrayLike,
    bin: ArrayLike,  # noqa: A002  # (every table of this project calls it so)
) -> DrawCheck:
    """Check a draw on everything drawn, answered or not. A failed check is an incident.

    The numbers drawn at each level of π decide Σ_D 1/π and the weighted totals of what is known for every prediction,
    so these are no further checks. A number drawn is a sum of independent choices with unequal probabilities; both of
    its tails are at most those of the binomial with the same mean.

    Parameters
    ----------
    population : Population
        Cells the draw was made from, with π as recorded (without response rates).
    predicted, bin : array (drawn,) of int
        Predicted class and score bin of each case drawn.

    Returns
    -------
    DrawCheck
        Two-sided, Bonferroni over the whole and the levels of π, each within a factor of 4.

    Raises
    ------
    ValueError
        If lengths differ, or a class or bin is no whole number.

    References
    ----------
    Hoeffding (1956), On the distribution of the number of successes in independent trials, theorem 4.

    Examples
    --------
    >>> cells = Population.of(predicted=[0], bin=[80], n=[1000], sum_pi=[100], sum_odds=[9000])
    >>> checks = [check_draw(cells, predicted=[0] * drawn, bin=[80] * drawn) for drawn in (95, 55)]
    >>> [(check.drawn, check.expected, check.is_failed) for check in checks]
    [(95, 100.0, False), (55, 100.0, True)]
    """
    classes = as_classes("predicted", predicted)
    bins = as_ints("bin", bin, length=len(classes), minimum=NO_SCORE)
    n, expected, drawn = _levels(population, classes, bins)
    whole = np.array([n.sum()]), np.array([expected.sum()]), np.array([drawn.sum()])
    n, expected, drawn = (np.concatenate(pair) for pair in zip(whole, (n, expected, drawn), strict=True))
    p = _two_sided(drawn, n=n, expected=expected)
    worst = int(p.argmin())
    return DrawCheck(
        drawn=int(drawn[0]),
        expected=float(expected[0]),
        sd=math.sqrt(max(float(expected[0] * (1 - expected[0] / max(n[0], 1.0))), 0.0)),
        p_value=min(1.0, float(p[worst]) * len(p)),
        share=None if worst == 0 else float(expected[worst] / max(n[worst], 1.0)),
        found_there=int(drawn[worst]),
        expected_there=float(expected[worst]),
    )


def _levels(population: Population, predicted: IntArray, bins: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return predictions, Σπ and cases drawn at each level of π, the level being that of the class and score bin."""
    n = population.logged - population.n_uncovered
    keys = np.column_stack([np.concatenate([population.predicted, predicted]), np.concatenate([population.bin, bins])])
    kinds, place = np.unique(keys, axis=0, return_inverse=True)
    of_cell, of_draw = np.split(place.ravel(), [len(n)])
    sizes, sums = sum_by(of_cell, n, size=len(kinds)), sum_by(of_cell, population.sum_pi, size=len(kinds))
    counts = sum_by(of_draw, np.ones(len(of_draw)), size=len(kinds))
    # Draws that no cell accounts for had probability 0. They form a level of their own.
    share = np.divide(sums, sizes, out=np.zeros(len(kinds)), where=sizes > 0)
    level = np.floor(-np.log(np.maximum(share, 1e-300)) / math.log(_FACTOR) + 1e-9)
    _, group = np.unique(level, return_inverse=True)
    groups = int(group.max(initial=-1)) + 1
    return sum_by(group, sizes, size=groups), sum_by(group, sums, size=groups), sum_by(group, counts, size=groups)


def _two_sided(found: FloatArray, *, n: FloatArray, expected: FloatArray) -> FloatArray:
    """Return twice the smaller tail of the binomial; 1 within one case of the mean, where it bounds nothing."""
    return np.where(np.abs(found - expected) < 1 - 1e-9, 1.0, binomial_tail(found, n=n, expected=expected))
