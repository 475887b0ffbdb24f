"""How far the baseline's number lies from the model's, as a code by which cells and items are grouped."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, FloatArray, IntArray, as_floats
from apps.stats.estimators.keys import NO_BASELINE
from apps.stats.tolerance import Tolerance

BINS = 20
#: Both say the same number; from 1 on they differ, and beyond `WITHIN` by more than the tolerance.
EQUAL, WITHIN = 0, BINS
CODES = 1 + 2 * BINS


@dataclass(frozen=True, eq=False)
class Gaps:
    """Codes of a pair of numbers: `NO_BASELINE`, `EQUAL`, 1 to 20 within the tolerance, 21 to 40 beyond it.

    Each twenty are bins of prediction minus baseline: it says much about which of the two is nearer to the truth.

    Attributes
    ----------
    edges : array (19,)
        Inner edges of the bins.
    tolerance : Tolerance
        What counts as the same answer.
    """

    edges: FloatArray
    tolerance: Tolerance

    @classmethod
    def of(cls, predicted: ArrayLike, baseline: ArrayLike, n: ArrayLike, *, tolerance: Tolerance) -> "Gaps":
        """Choose bins that hold equal shares of the predictions on which the two differ.

        Parameters
        ----------
        predicted, baseline : array (cells,)
            The numbers of each cell; nan where there is no baseline.
        n : array (cells,)
            Predictions in each.
        tolerance : Tolerance
            What counts as the same answer.

        Examples
        --------
        >>> gaps = Gaps.of([5.0, 5.0, 5.0], [5.0, 4.0, np.nan], [1, 1, 1], tolerance=Tolerance(by=0.5))
        >>> gaps.place([5.0, 5.0, 5.0, 5.0], [5.0, 4.6, 4.0, np.nan]).tolist()
        [0, 1, 21, -1]
        """
        numbers, others = _pairs(predicted, baseline)
        counts = as_floats("n", n, length=len(numbers))
        differ = numbers - others
        is_apart = ~np.isnan(differ) & (differ != 0)
        order = np.argsort(differ[is_apart], kind="stable")
        sorted_gaps, weight = differ[is_apart][order], counts[is_apart][order]
        if not len(sorted_gaps):
            return cls(np.zeros(BINS - 1), tolerance)
        middles = np.cumsum(weight) - weight / 2
        last = np.searchsorted(middles, weight.sum() * np.arange(1, BINS) / BINS)
        return cls(sorted_gaps[np.minimum(last, len(sorted_gaps) - 1)], tolerance)

    def place(self, predicted: ArrayLike, baseline: ArrayLike) -> IntArray:
        """Return the code of each pair (n,); the baseline is nan where there is none."""
        numbers, others = _pairs(predicted, baseline)
        code = 1 + np.searchsorted(self.edges, numbers - others)
        code += np.where(self.tolerance.holds(numbers, others), 0, BINS)
        code[numbers == others] = EQUAL
        code[np.isnan(others)] = NO_BASELINE
        return np.asarray(code, dtype=np.int64)


def _pairs(predicted: ArrayLike, baseline: ArrayLike) -> tuple[FloatArray, FloatArray]:
    numbers = as_floats("predicted", predicted, largest=LARGEST)
    return numbers, as_floats("baseline", baseline, length=len(numbers), allow_nan=True, largest=LARGEST)
