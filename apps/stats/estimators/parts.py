"""Parts of a window (days, slices, groups of scores): every sum of a figure, for all of them at once."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.stats.arrays import BoolArray, FloatArray, IntArray, sum_by

Codes = NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Parts:
    """To which part each cell and each item belongs.

    Attributes
    ----------
    number : int
    of_cells : array (cells,) of int, 0 … number − 1
    of_items : array (n,) of int, 0 … number − 1
    """

    number: int
    of_cells: IntArray
    of_items: IntArray

    @classmethod
    def whole(cls, *, cells: int, items: int) -> "Parts":
        """One part that holds everything."""
        return cls(1, np.zeros(cells, dtype=np.int64), np.zeros(items, dtype=np.int64))

    def sum_cells(self, values: FloatArray) -> FloatArray:
        """Sum of the cells of each part (number,)."""
        return np.array([values.sum()]) if self.number == 1 else sum_by(self.of_cells, values, size=self.number)

    def sum_items(self, values: FloatArray) -> FloatArray:
        """Sum of the items of each part (number,)."""
        return np.array([values.sum()]) if self.number == 1 else sum_by(self.of_items, values, size=self.number)

    def any_cell(self, mask: BoolArray) -> BoolArray:
        """Whether a part has such a cell (number,)."""
        return self.sum_cells(mask.astype(np.float64)) > 0 if mask.any() else np.zeros(self.number, dtype=np.bool_)

    def any_item(self, mask: BoolArray) -> BoolArray:
        """Whether a part has such an item (number,)."""
        return self.sum_items(mask.astype(np.float64)) > 0

    def largest_item(self, values: FloatArray) -> FloatArray:
        """Largest of the items of each part (number,), 0 without any above."""
        found = np.zeros(self.number)
        np.maximum.at(found, self.of_items, values)
        return found

    def tables(self, place: IntArray, values: FloatArray, *, size: int, of: IntArray) -> FloatArray:
        """Sums by part and place (number, size), for cells or items as `of` says."""
        return sum_by(of * size + place, values, size=self.number * size).reshape(self.number, size)


def first_code(number: int, conditions: Iterable[tuple[BoolArray | bool, str]]) -> Codes:
    """Reason code of each part: that of the first condition that holds, None where none does.

    Examples
    --------
    >>> first_code(2, [(np.array([False, True]), "no_score"), (True, "no_labels")]).tolist()
    ['no_labels', 'no_score']
    """
    codes = np.full(number, None, dtype=object)
    for holds, code in reversed(list(conditions)):
        codes[np.broadcast_to(holds, number)] = code
    return codes
