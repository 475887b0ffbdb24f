"""Sums of contributions by day and version, gathered in memory and then added to what is stored."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from django.db import connection

from apps.explanations.models import AttributionDay, PushBins
from apps.explanations.services.day_tables import CELL, CELLS, MOST_PLACES, PLACE, PUSH_BINS, SUMS, joined, packed
from apps.explanations.services.push_bins import Placer
from apps.explanations.services.push_rows import PushRows
from apps.stats.arrays import BoolArray, FloatArray, IntArray

# A day of a version
Group = tuple[int, int]
ADD = f"""
INSERT INTO explanations_attributionday AS kept
    (bins_id, day, version_id, feature, {", ".join(SUMS)}, cells, slices)
SELECT %s, * FROM unnest(
    %s::date[], %s::bigint[], %s::text[], %s::bigint[], {", ".join("%s::float8[]" for _ in SUMS[1:])},
    %s::bytea[], %s::bytea[]
)
ON CONFLICT (bins_id, day, version_id, feature) DO UPDATE SET
    {", ".join(f"{name} = kept.{name} + excluded.{name}" for name in SUMS)},
    cells = excluded.cells, slices = excluded.slices
"""  # noqa: S608  # only our own column names are interpolated


@dataclass
class Line:
    """What is to be added to one feature's day."""

    sums: FloatArray = field(default_factory=lambda: np.zeros(len(SUMS)))
    cells: list[bytes] = field(default_factory=list)
    slices: list[bytes] = field(default_factory=list)


class DaySums:
    """Sums of rows in the same bins."""

    def __init__(self) -> None:
        self.lines: dict[tuple[Group, str], Line] = defaultdict(Line)

    def add(self, rows: PushRows, *, names: list[str], places: Mapping[tuple[str, str], int]) -> None:
        """Add the sums of rows by feature and by slice; `names` are those that have bins."""
        groups, of_row = _groups(rows)
        pushes = _columns(rows, names)
        weighted = _weighted(np.where(np.isnan(pushes), 0.0, pushes), rows.weights)
        has = _by(of_row, ~np.isnan(pushes), size=len(groups))
        for number, sums in enumerate(_sums(of_row, weighted, rows.weights, size=len(groups))):
            self.lines[groups[number], ""].sums[:3] += sums[0, :3]
            for column in np.flatnonzero(has[number]).tolist():
                self.lines[groups[number], names[column]].sums += sums[column]
        parts = list(_by_place(rows, of_row, weighted, places)) if names else []
        if not parts:
            return
        flat = np.concatenate([at for at, _ in parts])
        order = np.argsort(flat)
        sums = np.concatenate([each for _, each in parts])[order]
        for column, name in enumerate(names):
            tables = packed(PLACE, flat[order], sums[:, column], size=MOST_PLACES, tables=len(groups))
            for number, table in enumerate(tables):
                if has[number, column]:
                    self.lines[groups[number], name].slices.append(table)

    def add_cells(self, rows: PushRows, placer: Placer, *, names: list[str]) -> IntArray:
        """Add the cells of rows. Returns the bins of their contributions, rows × names."""
        groups, of_row = _groups(rows)
        pushes = _columns(rows, names)
        has = _by(of_row, ~np.isnan(pushes), size=len(groups))
        pushes = np.where(np.isnan(pushes), 0.0, pushes)
        places, sizes = placer.pushes(pushes), np.abs(pushes) * rows.weights[:, None]
        size = len(groups) * CELLS
        values = placer.values_of(rows, names) if names else ()
        for column, (name, value) in enumerate(zip(names, values, strict=True)):
            flat = of_row * CELLS + value * PUSH_BINS + places[:, column]
            sums = [np.bincount(flat, each, minlength=size) for each in (rows.weights, sizes[:, column])]
            at = np.flatnonzero(sums[0])
            tables = packed(CELL, at, np.column_stack([each[at] for each in sums]), size=CELLS, tables=len(groups))
            for number, table in enumerate(tables):
                if has[number, column]:
                    self.lines[groups[number], name].cells.append(table)
        return places

    def save(self, bins: PushBins) -> None:
        """Add to what is stored. Lock the bins first."""
        if not self.lines:
            return
        days, versions = ({group[position] for group, _ in self.lines} for position in (1, 0))
        stored = AttributionDay.objects.filter(
            bins=bins, day__in=[date.fromordinal(day) for day in days], version__in=versions
        ).values_list("version_id", "day", "feature", "cells", "slices")
        for version, day, feature, cells, slices in stored:
            key = (version, day.toordinal()), feature
            if key in self.lines:
                self.lines[key].cells.append(bytes(cells))
                self.lines[key].slices.append(bytes(slices))
        keys = sorted(self.lines)
        lines = [self.lines[key] for key in keys]
        with connection.cursor() as cursor:
            cursor.execute(
                ADD,
                [
                    bins.pk,
                    [date.fromordinal(day) for (_, day), _ in keys],
                    [version for (version, _), _ in keys],
                    [name for _, name in keys],
                    [int(line.sums[0]) for line in lines],
                    *([float(line.sums[column]) for line in lines] for column in range(1, len(SUMS))),
                    [joined(CELL, line.cells, size=CELLS) for line in lines],
                    [joined(PLACE, line.slices, size=MOST_PLACES) for line in lines],
                ],
            )


def _groups(rows: PushRows) -> tuple[list[Group], IntArray]:
    """Return the days of versions among the rows, and which one each row has."""
    both = np.column_stack([rows.versions, rows.days])
    distinct, of_row = np.unique(both, axis=0, return_inverse=True)
    return [(version, day) for version, day in distinct.tolist()], of_row.ravel()


def _weighted(pushes: FloatArray, weights: FloatArray) -> FloatArray:
    """Return what is summed of each contribution, in the order of SUMS: rows × names × three sums."""
    sizes, w = np.abs(pushes), weights[:, None]
    return np.stack([w * sizes, w**2 * sizes, (w * sizes) ** 2], axis=2)


def _sums(of_row: IntArray, weighted: FloatArray, weights: FloatArray, *, size: int) -> FloatArray:
    """Sum rows by their group, in the order of SUMS: groups × names × sums. Every group has rows."""
    own = _by(of_row, np.column_stack([np.ones_like(weights), weights, weights**2]), size=size)
    shape = (size, weighted.shape[1], own.shape[1])
    return np.concatenate([np.broadcast_to(own[:, None], shape), _by(of_row, weighted, size=size)], axis=2)


def _by(of_row: IntArray, values: FloatArray | BoolArray, *, size: int) -> FloatArray:
    if size == 1:
        return np.asarray(values.sum(axis=0, dtype=np.float64)[None])
    order = np.argsort(of_row, kind="stable")
    starts = np.searchsorted(of_row[order], np.arange(size))
    return np.asarray(np.add.reduceat(values[order], starts, axis=0), dtype=np.float64)


def _by_place(
    rows: PushRows, of_row: IntArray, weighted: FloatArray, places: Mapping[tuple[str, str], int]
) -> Iterator[tuple[IntArray, FloatArray]]:
    """Yield the sums of each slice, and where they go: group and place in one number."""
    for key in {key for key, _ in places}:
        known = {value: place for (other, value), place in places.items() if other == key}
        place = np.array([known.get(row.get(key, ""), -1) for row in rows.slices], dtype=np.int64)
        kept = place >= 0
        distinct, at = np.unique(of_row[kept] * MOST_PLACES + place[kept], return_inverse=True)
        if len(distinct):
            yield distinct, _sums(at, weighted[kept], rows.weights[kept], size=len(distinct))


def _columns(rows: PushRows, names: list[str]) -> FloatArray:
    return rows.pushes if names == rows.names else rows.pushes[:, [rows.names.index(name) for name in names]]
