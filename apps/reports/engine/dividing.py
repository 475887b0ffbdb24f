"""Divide the cases of a window into groups, and measure a quantity in each: one side of a comparison."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apps.reports.engine.comparison_document import DivisionKind
from apps.reports.engine.estimating import BinaryFit, Fit, MulticlassFit
from apps.reports.engine.evidence import NO_BASELINE, SLICE, Evidence, Mask, Selection, traffic_of
from apps.stats.comparison.sides import Side
from apps.stats.estimators.pseudo import PseudoValues, without_proxy

# A division into more groups explains nothing that anybody could act on.
MOST_GROUPS = 60
BANDS = 10

Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Quantity:
    """What is compared: the mean or the total of a number for each decision."""

    metric: str
    # Of an estimator of the fit.
    values: Callable[[Any], PseudoValues]
    is_total: bool = False
    against_baseline: bool = False
    uses_amount: bool = False


@dataclass(frozen=True, eq=False)
class Division:
    """The predictions of a window in groups, each by its value."""

    kind: DivisionKind
    name: str
    values: tuple[str, ...]
    side: Side
    # (days, groups): predictions of each day
    by_day: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Group(Selection):
    """Some predictions of a window, by their cells and items."""

    chosen: pd.DataFrame | None = None
    chosen_items: Mask | None = None

    @cached_property
    def cells(self) -> pd.DataFrame:
        assert self.chosen is not None
        return self.chosen

    @cached_property
    def item_mask(self) -> Mask:
        assert self.chosen_items is not None
        return self.chosen_items


@dataclass(frozen=True, eq=False)
class Divider:
    """Divides one part of a window. `shared` are its days whose predictions the other side holds as well."""

    fit: Fit
    selection: Selection
    quantity: Quantity
    shared: frozenset[date] = frozenset()

    @property
    def evidence(self) -> Evidence:
        return self.selection.evidence

    @cached_property
    def days(self) -> list[date]:
        return sorted(self.selection.days)

    def whole(self) -> Division:
        """Return all predictions as one group."""
        cells = self._compared(self.selection.cells)
        everyone = (pd.Series("", index=rows.index) for rows in (cells, self._items))
        return self._division("class", "", cells, *everyone)

    def divisions(self) -> Iterator[Division]:
        """Yield the divisions that are complete and small enough: by score or level, by class, by each slice."""
        cells = self._compared(self.selection.cells)
        count = self._bands
        if count and (cells["score_bin"] >= 0).all() and len(cells):
            kind: DivisionKind = "level" if self.evidence.model.is_regression else "score"
            codes = _band(cells["score_bin"], count).astype(str)
            yield self._division(kind, "", cells, codes, _band(self._items["score_bin"], count).astype(str))
        if isinstance(self.fit, MulticlassFit) or not count:
            names = dict(enumerate(self.evidence.model.classes))
            named = (rows["predicted"].astype(int).map(names) for rows in (cells, self._items))
            yield self._division("class", "", cells, *named)
        for name in self.evidence.slice_names:
            if (found := self._by_slice(name)) is not None:
                yield found

    def _by_slice(self, name: str) -> Division | None:
        evidence = self.evidence
        if Selection(evidence, self.selection.days, name).sliced_share < 1:
            return None
        cells = evidence.slices
        cells = self._compared(cells[(cells["slice_name"] == name) & cells["day"].isin(self.selection.days)])
        if not 2 <= cells["slice_value"].nunique() <= MOST_GROUPS:
            return None
        return self._division("slice", name, cells, cells["slice_value"], self._items[SLICE + name])

    def _division(
        self, kind: DivisionKind, name: str, cells: pd.DataFrame, of_cells: pd.Series, of_items: pd.Series
    ) -> Division:
        values = tuple(sorted(of_cells.unique())) or ("",)
        place = dict(zip(values, range(len(values)), strict=True))
        cell_codes = of_cells.map(place).to_numpy(dtype=np.int64)
        item_codes = of_items.map(place).fillna(-1).to_numpy(dtype=np.int64)
        groups, both = self._measured(cells, cell_codes, item_codes, count=len(values))
        side = Side.of(
            groups,
            keys=[self._keys[self._mine & (item_codes == group)] for group in range(len(values))],
            shared=both or None,
            uses_amount=self.quantity.uses_amount,
        )
        return Division(kind, name, values, side, self._by_day(cells, cell_codes, len(values)))

    def _measured(
        self, cells: pd.DataFrame, of_cells: Codes, of_items: Codes, *, count: int
    ) -> tuple[list[PseudoValues], list[PseudoValues]]:
        groups, both = [], []
        is_shared = cells["day"].isin(self.shared).to_numpy()
        none = np.zeros(len(of_items), dtype=np.bool_)
        for group in range(count):
            mine = of_cells == group
            groups.append(self._values(cells[mine], self._mine & (of_items == group)))
            if self.shared:
                both.append(self._values(cells[mine & is_shared], none))
        if isinstance(self.fit, BinaryFit) and self.fit.base.lacks_score:
            groups = without_proxy(groups)
        return groups, both

    def _values(self, cells: pd.DataFrame, items: Mask) -> PseudoValues:
        group = Group(self.evidence, self.selection.days, chosen=cells, chosen_items=items)
        return self.quantity.values(self.fit.of(group))

    def _compared(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Keep what the quantity is about: against the baseline, those that have one."""
        return rows[rows["baseline"] != NO_BASELINE] if self.quantity.against_baseline else rows

    def _by_day(self, cells: pd.DataFrame, codes: Codes, count: int) -> NDArray[np.float64]:
        place = {day: index for index, day in enumerate(self.days)}
        sums = np.zeros((len(self.days), count))
        np.add.at(sums, (cells["day"].map(place).to_numpy(dtype=np.int64), codes), traffic_of(cells).to_numpy())
        return sums

    @cached_property
    def _bands(self) -> int:
        """Return the number of bins that bands of the score or of the level are made of; 0 without a score."""
        model = self.evidence.model
        if model.is_regression:
            return len(model.bin_edges or []) + 1
        has_score = (self.selection.cells["score_bin"] >= 0).any()
        return len(self.evidence.score_bins.centers) if has_score else 0

    @cached_property
    def _items(self) -> pd.DataFrame:
        """The known rows, then the review sample, as the estimators hold them."""
        return pd.concat([self.evidence.known_rows, self.evidence.items], ignore_index=True)

    @cached_property
    def _keys(self) -> Codes:
        rows, items = self.evidence.known_rows, self.evidence.items
        return np.concatenate([rows["pk"], items["prediction_id"]]).astype(np.int64)

    @cached_property
    def _mine(self) -> Mask:
        has = self._items["baseline"].to_numpy() != NO_BASELINE
        return self.selection.item_mask & has if self.quantity.against_baseline else self.selection.item_mask


def bounds_of(evidence: Evidence, band: int) -> list[float | None]:
    """Return the ends of a band of the score, or of the level of the prediction; None: open."""
    model = evidence.model
    if model.is_regression:
        edges: Sequence[float] = model.bin_edges or []
        ends = [None, *edges, None]
    else:
        ends = list(evidence.score_bins.bounds)
    count = len(ends) - 1
    starts = [place for place in range(count) if place * BANDS // count == band]
    return [ends[starts[0]], ends[starts[-1] + 1]] if starts else [None, None]


def _band(bins: pd.Series, count: int) -> pd.Series:
    return bins.astype(np.int64) * BANDS // count
