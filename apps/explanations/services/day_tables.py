"""Sparse tables of a day, as bytes: joined end to end they are a sum, once what has the same place is added up."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from apps.stats.arrays import FloatArray, IntArray

VALUE_BINS, PUSH_BINS = 12, 40
CELLS = VALUE_BINS * PUSH_BINS
# By value bin × bin of the contribution: Σw and Σw|φ|.
CELL = np.dtype([("at", "<u2"), ("weight", "<f8"), ("size", "<f8")])
# By slice value: see `models.cells.AttributionDay`.
SUMS = ("rows", "weight", "weight2", "size", "size2", "square2")
PLACE = np.dtype([("at", "<u2"), *((name, "<f8") for name in SUMS)])
MOST_PLACES = 300


def packed(kind: np.dtype[np.void], flat: IntArray, columns: FloatArray, *, size: int, tables: int) -> list[bytes]:
    """Store tables of `size` places, of which `flat` are the ascending places, counted through, and `columns` the rows.

    Rows without anything are left out.
    """
    has = columns.any(axis=1)
    at = flat[has]
    rows = np.empty(len(at), dtype=kind)
    rows["at"] = at % size
    for column, name in enumerate(_columns(kind)):
        rows[name] = columns[has, column]
    ends = np.searchsorted(at, size * np.arange(tables + 1))
    return [rows[start:end].tobytes() for start, end in pairwise(ends.tolist())]


def summed(kind: np.dtype[np.void], stored: Iterable[bytes], *, size: int) -> FloatArray:
    """Add stored tables up, shape (size, columns)."""
    rows: NDArray[np.void] = np.frombuffer(b"".join(stored), dtype=kind)
    at = rows["at"].astype(np.int64)
    return np.column_stack([np.bincount(at, rows[name], minlength=size) for name in _columns(kind)])


def joined(kind: np.dtype[np.void], stored: list[bytes], *, size: int) -> bytes:
    """Add stored tables up into one."""
    if len(stored) == 1:
        return stored[0]
    (table,) = packed(kind, np.arange(size), summed(kind, stored, size=size), size=size, tables=1)
    return table


def _columns(kind: np.dtype[np.void]) -> tuple[str, ...]:
    names = kind.names
    assert names is not None
    return names[1:]
