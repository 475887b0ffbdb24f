"""Whether contributions add up to the prediction they came with: one rule, for a page and for millions of rows.

Base and contributions of a regression must reach its number; those of a classifier the probability of the class they
speak of, in probability or in log-odds. What cannot be checked is not refused: contributions without a base, a
prediction without a score, and margins of several classes, which are fixed only up to a constant.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from apps.explanations.engine.spec import Space
from apps.registry.models import MonitoredModel
from apps.registry.models.monitored_model import Task
from apps.stats.arrays import BoolArray, FloatArray

# In probability or log-odds; of a number, as a share of it where it is larger than 1.
ALLOWED = 1e-3
# Rounding to more decimals is finer than what a float of 32 bits tells.
MOST_DECIMALS = 6
FLOAT32 = 2.0**-24


class Code(StrEnum):
    """Why contributions are not shown, or not known to be right."""

    DOES_NOT_ADD_UP = "does_not_add_up"
    NOT_CHECKABLE = "not_checkable"


@dataclass(frozen=True, eq=False)
class Checked:
    """By row: the units in which its sum reaches the prediction. In the middle of the scale, both may fit."""

    fits: dict[Space, BoolArray]
    can_check: BoolArray

    @property
    def misses(self) -> BoolArray:
        """Rows that can be checked and add up in no units."""
        found = self.can_check.copy()
        for fit in self.fits.values():
            found &= ~fit
        return found


def check(model: MonitoredModel, totals: FloatArray, told: FloatArray) -> Checked:
    """Compare sums, base included, with what the predictions say; nan where there is no base or no score.

    `told` is the number of a regression, the probability of the positive class of two, or of the predicted one of
    several.
    """
    is_known = ~(np.isnan(totals) | np.isnan(told))
    sums, numbers = np.where(is_known, totals, 0.0), np.where(is_known, told, 0.5)
    if model.is_regression:
        scale = np.maximum(1.0, np.abs(numbers))
        fits = {Space.VALUE: np.abs(sums - numbers) <= ALLOWED * scale + _rounding(numbers, fewest=0)}
    else:
        half = _rounding(numbers, fewest=1)
        low, high = np.clip(numbers - half, 0.0, 1.0), np.clip(numbers + half, 0.0, 1.0)
        fits = {
            Space.PROBABILITY: (sums >= low - ALLOWED) & (sums <= high + ALLOWED),
            Space.MARGIN: (sums >= _log_odds(low) - ALLOWED) & (sums <= _log_odds(high) + ALLOWED),
        }
    fits = {space: fit & is_known for space, fit in fits.items()}
    if model.task == Task.MULTICLASS:
        # Any sum may be the margin of one class among several.
        is_known = np.any(list(fits.values()), axis=0)
    return Checked(fits, is_known)


def space_of(model: MonitoredModel, total: float | None, told: float | None) -> Space | Code:
    """Return the units in which one sum reaches its prediction, the nearest ones if it does in both; else why not."""
    sums, numbers = (np.array([np.nan if each is None else each]) for each in (total, told))
    found = check(model, sums, numbers)
    if not found.can_check[0]:
        return Code.NOT_CHECKABLE
    fitting = [space for space, fit in found.fits.items() if fit[0]]
    if len(fitting) > 1:
        is_share = abs(sums[0] - numbers[0]) <= abs(1 / (1 + np.exp(-sums[0])) - numbers[0])
        return Space.PROBABILITY if is_share else Space.MARGIN
    return fitting[0] if fitting else Code.DOES_NOT_ADD_UP


def _rounding(numbers: FloatArray, *, fewest: int) -> FloatArray:
    """Half a unit of the last decimal that each number has; a client may have rounded it there."""
    half = np.full(numbers.shape, FLOAT32)
    for decimals in range(MOST_DECIMALS, fewest - 1, -1):
        half[np.round(numbers, decimals) == numbers] = 0.5 * 10.0**-decimals
    return half


def _log_odds(shares: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(shares) - np.log1p(-shares), dtype=np.float64)
