"""What cells and items are found by: predicted class, baseline, stand-in and score bin."""

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import IntArray, as_ints
from apps.stats.score_bins import SCORE_BINS

NO_BASELINE = -1
NO_STAND_IN = -1

# So that a key of class, stand-in, score bin and baseline still fits 64 bits.
_STAND_INS_AT_MOST = 1 << 10
_CLASSES_AT_MOST = 1 << 20


class Keyed(Protocol):
    """What cells and items have in common."""

    @property
    def predicted(self) -> IntArray: ...
    @property
    def stand_in(self) -> IntArray: ...
    @property
    def bin(self) -> IntArray: ...


def key_of(rows: Keyed) -> IntArray:
    """One number for predicted class, stand-in and score bin; the baseline stays apart, for no m depends on it."""
    classes = rows.predicted * (_STAND_INS_AT_MOST + 1) + rows.stand_in + 1
    return np.asarray(classes * (SCORE_BINS + 1) + rows.bin + 1, dtype=np.int64)


def as_classes(name: str, values: ArrayLike, *, length: int | None = None, minimum: int = 0) -> IntArray:
    """Class indices, few enough for a key, or a ValueError that names the argument.

    >>> as_classes("predicted", [2, 0])
    array([2, 0])
    """
    classes = as_ints(name, values, length=length, minimum=minimum)
    if (classes >= _CLASSES_AT_MOST).any():
        raise ValueError(f"{name} must be below {_CLASSES_AT_MOST}")
    return classes


def as_stand_in(values: ArrayLike | None, length: int) -> IntArray:
    """Labels that stand in for a score, -1 (`NO_STAND_IN`) throughout where none are given."""
    if values is None:
        return np.full(length, NO_STAND_IN, dtype=np.int64)
    labels = as_ints("stand_in", values, length=length, minimum=NO_STAND_IN)
    if (labels >= _STAND_INS_AT_MOST).any():
        raise ValueError(f"stand_in must be below {_STAND_INS_AT_MOST}")
    return labels


def as_baseline(values: ArrayLike | None, length: int) -> IntArray:
    """Classes of a baseline, -1 (`NO_BASELINE`) throughout where none are given."""
    if values is None:
        return np.full(length, NO_BASELINE, dtype=np.int64)
    return as_classes("baseline", values, length=length, minimum=NO_BASELINE)
