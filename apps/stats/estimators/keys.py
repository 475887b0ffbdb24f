"""Keys of cells and items: predicted class, stand-in and score bin, and the baseline beside them."""

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import IntArray, as_ints
from apps.stats.score_bins import SCORE_BINS

NO_BASELINE = -1
NO_STAND_IN = -1

# Limits that keep a key of class, stand-in, score bin and baseline within 64 bits.
_STAND_INS_AT_MOST = 1 << 10
_CLASSES_AT_MOST = 1 << 20


class Keyed(Protocol):
    """The fields that cells and items share."""

    @property
    def predicted(self) -> IntArray: ...
    @property
    def stand_in(self) -> IntArray: ...
    @property
    def bin(self) -> IntArray: ...


def key_of(rows: Keyed) -> IntArray:
    """Combine predicted class, stand-in and score bin into one number; no m depends on the baseline."""
    classes = rows.predicted * (_STAND_INS_AT_MOST + 1) + rows.stand_in + 1
    return np.asarray(classes * (SCORE_BINS + 1) + rows.bin + 1, dtype=np.int64)


def as_classes(name: str, values: ArrayLike, *, length: int | None = None, minimum: int = 0) -> IntArray:
    """Check class indices, few enough for a key; a ValueError names the argument.

    >>> as_classes("predicted", [2, 0])
    array([2, 0])
    """
    classes = as_ints(name, values, length=length, minimum=minimum)
    if (classes >= _CLASSES_AT_MOST).any():
        raise ValueError(f"{name} must be below {_CLASSES_AT_MOST}")
    return classes


def as_stand_in(values: ArrayLike | None, length: int) -> IntArray:
    """Check labels that stand in for a score; without any, return -1 (`NO_STAND_IN`) for every row."""
    if values is None:
        return np.full(length, NO_STAND_IN, dtype=np.int64)
    labels = as_ints("stand_in", values, length=length, minimum=NO_STAND_IN)
    if (labels >= _STAND_INS_AT_MOST).any():
        raise ValueError(f"stand_in must be below {_STAND_INS_AT_MOST}")
    return labels


def as_baseline(values: ArrayLike | None, length: int) -> IntArray:
    """Check the classes of a baseline; without any, return -1 (`NO_BASELINE`) for every row."""
    if values is None:
        return np.full(length, NO_BASELINE, dtype=np.int64)
    return as_classes("baseline", values, length=length, minimum=NO_BASELINE)
