"""Contributions of many predictions as a matrix, with all that they are counted by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import numpy as np

from apps.stats.arrays import LARGEST, BoolArray, FloatArray, IntArray

Document = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class PushRows:
    """Rows with contributions of one method in one unit. `pushes` is nan where a row says nothing of a feature."""

    keys: IntArray
    versions: IntArray
    # Ordinals of the days of the predictions, in the project's time zone
    days: IntArray
    # 1 where all rows are counted, 1/π where they were drawn
    weights: FloatArray
    names: list[str]
    pushes: FloatArray
    # What the model saw, or else what was sent
    inputs: Sequence[Document]
    slices: Sequence[Mapping[str, str]]

    def __len__(self) -> int:
        return len(self.keys)

    @classmethod
    def of(
        cls,
        *,
        keys: Sequence[int],
        versions: Sequence[int],
        days: Sequence[date],
        contributions: Sequence[Document],
        inputs: Sequence[Document],
        slices: Sequence[Mapping[str, str]],
        weights: Sequence[float] | None = None,
    ) -> "PushRows":
        """Build the matrix; without weights, all weigh 1."""
        ordinals = {day: day.toordinal() for day in set(days)}
        names, pushes = in_columns(contributions)
        return cls(
            np.array(keys, dtype=np.int64),
            np.array(versions, dtype=np.int64),
            np.array([ordinals[day] for day in days], dtype=np.int64),
            np.ones(len(keys)) if weights is None else np.array(weights, dtype=np.float64),
            names,
            pushes,
            inputs,
            slices,
        )

    def where(self, mask: BoolArray) -> "PushRows":
        """Keep some of the rows."""
        if mask.all():
            return self
        at = np.flatnonzero(mask).tolist()
        return PushRows(
            self.keys[at],
            self.versions[at],
            self.days[at],
            self.weights[at],
            self.names,
            self.pushes[at],
            [self.inputs[each] for each in at],
            [self.slices[each] for each in at] if self.slices else (),
        )


class Source(Protocol):
    """Where rows of one method in one unit are read again, as far as they are kept."""

    def before(self) -> Iterable[PushRows]:
        """Read what was counted before the rows at hand."""
        ...

    def newest(self, version: int, *, limit: int) -> Iterable[PushRows]:
        """Read the newest rows of a version."""
        ...


def in_columns(contributions: Sequence[Document]) -> tuple[list[str], FloatArray]:
    """Return the names and a matrix, rows × names; clients mostly send the same names in the same order."""
    names = list(contributions[0]) if contributions else []
    if all(list(each) == names for each in contributions):
        lines = [list(each.values()) for each in contributions]
    else:
        names = sorted(set().union(*contributions))
        lines = [[each.get(name, np.nan) for name in names] for each in contributions]
    return names, np.clip(np.array(lines, dtype=np.float64).reshape(len(lines), len(names)), -LARGEST, LARGEST)
