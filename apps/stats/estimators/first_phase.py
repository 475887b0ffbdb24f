"""Logging as a first phase of sampling: what it adds to a variance where clients log only a fraction ℓ of traffic.

Predictions that nobody logged are missing from Σm and N alike, so the whole linearized value û of a prediction counts,
not only what the proxy leaves open: Σ_logged (1−ℓ)/ℓ²·û².
"""

from typing import NamedTuple

import numpy as np

from apps.stats.arrays import FloatArray
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues


class LoggingMoments(NamedTuple):
    """Σ (1−ℓ)/ℓ²·E(û²) of each cell (cells,), and what belongs to it in the denominator of ν_a."""

    variance: FloatArray
    fourth: FloatArray


def logging_of(cells: Population, *, uses_amount: bool = False) -> LoggingMoments:
    """Compute the moments of û = 1, or of the amount. ℓ is taken as equal within a cell, as are squared amounts."""
    spread = cells.sum_amount2_logging if uses_amount else cells.sum_logging
    nothing = np.zeros(len(spread))
    each = np.divide(spread, cells.logged, out=nothing.copy(), where=cells.logged > 0)
    odds = np.divide(cells.sum_odds, cells.weight2, out=nothing, where=cells.weight2 > 0)
    return LoggingMoments(spread, spread * each * (1 + odds))


def logging_moments(
    pseudo: PseudoValues, *, certain: FloatArray, beta: FloatArray, center: float, uses_amount: bool = False
) -> LoggingMoments:
    """Compute what logging is expected to add to the variance of a total, with û = certain + β·f(y) − center.

    Parameters
    ----------
    pseudo : PseudoValues
        Pseudo-values of f.
    certain, beta : array (cells,)
        û where f = 0, and what f adds; with amounts, per unit of the amount.
    center : float
        θ where the figure is a mean, 0 where it is a total.
    uses_amount : bool
        Whether the amount multiplies `certain` and `beta`. Amounts and f are taken as independent within a cell.

    Returns
    -------
    LoggingMoments
        The fourth moment takes the third central moment of f as large as it can be.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, 9.3 (two-phase sampling, Poisson designs).
    """
    cells = pseudo.population
    mean, second = certain + beta * pseudo.mean_cells, beta**2 * pseudo.variance_cells
    spread, spread2 = logging_of(cells, uses_amount=uses_amount)
    middle = np.full(len(mean), center)
    variance = spread * ((mean - center) ** 2 + second)
    if uses_amount:
        amount, plain = cells.sum_amount / np.maximum(cells.n, np.finfo(float).tiny), cells.sum_logging
        variance = spread * (mean**2 + second) - 2 * center * plain * amount * mean + center**2 * plain
        middle = np.divide(center, amount, out=np.zeros(len(mean)), where=amount != 0)
    apart, fourth = np.abs(mean - middle), beta**4 * pseudo.fourth_cells
    power = apart**4 + 6 * apart**2 * second + 4 * apart * np.sqrt(second * fourth) + fourth
    return LoggingMoments(np.maximum(variance, 0.0), spread2 * power)
