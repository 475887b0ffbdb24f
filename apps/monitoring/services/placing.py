"""Place rows in the series of a model: the bin of each row, and where the bins lie in the vectors."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from apps.monitoring.models import Series, Stage
from apps.monitoring.services.seen_values import MAX_CATEGORY_LENGTH
from apps.monitoring.services.sent_rows import SentRows
from apps.registry.models import MonitoredModel
from apps.registry.models.features import code_of
from apps.stats.arrays import LARGEST, FloatArray, IntArray
from apps.stats.drift.bins import CategoryBins, NumberBins

# Types of values that count as numbers or as missing.
KNOWN = frozenset({int, float, type(None)})
_MOST_REMEMBERED = 10_000


@dataclass(frozen=True)
class Placed:
    """The bin of each row in one series, and the number that the bin sums up; rows with bin −1 do not count."""

    bins: IntArray
    values: FloatArray | None = None


class Codes(dict[Any, int]):
    """The bin of each value that was seen. Values are told apart as codes, so that 1, 1.0 and "1" are one."""

    def __init__(self, bins: CategoryBins) -> None:
        super().__init__({None: bins.size - 1})
        self.names = {name: position for position, name in enumerate(bins.names)}
        self.other = len(bins.names)

    def __missing__(self, value: Any) -> int:
        place = self.names.get(code_of(value)[:MAX_CATEGORY_LENGTH], self.other)
        if len(self) < _MOST_REMEMBERED:
            self[value] = place
        return place

    def of(self, column: list[Any]) -> IntArray:
        try:
            return np.array([self[value] for value in column], dtype=np.int64)
        except TypeError:  # lists and objects have no hash
            return np.array([self[each if _has_hash(each) else str(each)] for each in column], dtype=np.int64)


class Layout:
    """All series of a model with their places in the vectors."""

    def __init__(self, series: Iterable[Series]) -> None:
        self.series = {(each.stage, each.name): each for each in series}
        self.size = max((each.within.stop for each in self.series.values()), default=0)
        self._codes: dict[tuple[str, str], Codes] = {}

    @classmethod
    def of(cls, model: MonitoredModel) -> "Layout":
        return cls(Series.objects.filter(model=model).order_by("place"))

    def add(self, new: Iterable[Series]) -> None:
        for each in new:
            self.series[each.stage, each.name] = each
            self.size = max(self.size, each.within.stop)

    def get(self, stage: str, name: str = "") -> Series | None:
        return self.series.get((stage, name))

    def of_stage(self, *stages: str) -> list[Series]:
        return [each for each in self.series.values() if each.stage in stages]

    def placed(self, rows: SentRows, model: MonitoredModel) -> Iterator[tuple[Series, Placed]]:
        """Place the rows in every series of what comes with a prediction."""
        for each in self.series.values():
            if (place := PLACES.get(each.stage)) is not None:
                yield each, place(self, each, rows, model)

    def decisions(self, series: Series, stored: FloatArray, model: MonitoredModel) -> IntArray:
        """Return the bins of stored classes or numbers, the missing one for nan."""
        bins = series.frozen
        if isinstance(bins, NumberBins):
            return bins.place(np.clip(stored, -LARGEST, LARGEST))
        codes = self.codes_of(series)
        by_class = np.array([codes[name] for name in model.classes], dtype=np.int64)
        known = np.where(np.isnan(stored), 0, stored).astype(np.int64)
        return np.where(np.isnan(stored), bins.size - 1, by_class[known])

    def cells(self, predicted: FloatArray, score: FloatArray, model: MonitoredModel) -> IntArray:
        """Return the cell of each prediction: its class and the bin of its score, or the bin of its number."""
        scores = self.series[Stage.SCORE, ""].frozen
        if model.is_regression:
            return scores.place(np.clip(predicted, -LARGEST, LARGEST))
        classes = self.series[Stage.PREDICTED, ""]
        decided = np.minimum(self.decisions(classes, predicted, model), classes.frozen.size - 2)
        return np.asarray(decided * scores.size + scores.place(score), dtype=np.int64)

    def slice_bins(self, key: str, values: list[str | None]) -> IntArray:
        codes = self.codes_of(self.series[Stage.SLICE, key])
        return np.array([codes[value] for value in values], dtype=np.int64)

    def codes_of(self, series: Series) -> Codes:
        key = series.stage, series.name
        if key not in self._codes:
            bins = series.frozen
            assert isinstance(bins, CategoryBins)
            self._codes[key] = Codes(bins)
        return self._codes[key]


def _has_hash(value: Any) -> bool:
    return not isinstance(value, list | dict)


def as_numbers(column: list[Any]) -> FloatArray:
    """Return the numbers of a column; nan for all else."""
    if not set(map(type, column)) <= KNOWN:
        column = [value if type(value) in KNOWN else None for value in column]
    return np.clip(np.array(column, dtype=np.float64), -LARGEST, LARGEST)


def _feature(layout: Layout, series: Series, rows: SentRows, _: MonitoredModel) -> Placed:
    return _values(layout, series, [row.get(series.name) for row in rows.features])


def _processed(layout: Layout, series: Series, rows: SentRows, _: MonitoredModel) -> Placed:
    """Rows that say nothing of what the model saw do not count."""
    found = _values(layout, series, [row.get(series.name) for row in rows.processed])
    has = np.array([bool(row) for row in rows.processed])
    return Placed(np.where(has, found.bins, -1), found.values)


def _values(layout: Layout, series: Series, column: list[Any]) -> Placed:
    bins = series.frozen
    if isinstance(bins, NumberBins):
        numbers = as_numbers(column)
        return Placed(bins.place(numbers), numbers)
    return Placed(layout.codes_of(series).of(column))


def _repeated(layout: Layout, series: Series, rows: SentRows, _: MonitoredModel) -> Placed:  # noqa: ARG001  # as all
    counts = Counter(rows.texts)
    return Placed(np.array([counts[text] > 1 for text in rows.texts], dtype=np.int64))


def _slice(layout: Layout, series: Series, rows: SentRows, _: MonitoredModel) -> Placed:
    return Placed(layout.slice_bins(series.name, [row.get(series.name) for row in rows.slices or [{}] * len(rows)]))


def _score(layout: Layout, series: Series, rows: SentRows, model: MonitoredModel) -> Placed:  # noqa: ARG001  # as all
    numbers = rows.predicted if model.is_regression else rows.score
    return Placed(series.frozen.place(np.clip(numbers, -LARGEST, LARGEST)), numbers)


def _predicted(layout: Layout, series: Series, rows: SentRows, model: MonitoredModel) -> Placed:
    return Placed(layout.decisions(series, rows.predicted, model))


def _baseline(layout: Layout, series: Series, rows: SentRows, model: MonitoredModel) -> Placed:
    return Placed(np.where(np.isnan(rows.baseline), -1, layout.decisions(series, rows.baseline, model)))


def _agreement(layout: Layout, series: Series, rows: SentRows, model: MonitoredModel) -> Placed:  # noqa: ARG001  # as all
    differs = ~np.asarray(model.agrees(rows.predicted, rows.baseline), dtype=np.bool_)
    return Placed(np.where(np.isnan(rows.baseline), -1, differs.astype(np.int64)))


def _cell(layout: Layout, series: Series, rows: SentRows, model: MonitoredModel) -> Placed:  # noqa: ARG001  # as all
    return Placed(layout.cells(rows.predicted, rows.score, model))


def _latency(layout: Layout, series: Series, rows: SentRows, _: MonitoredModel) -> Placed:  # noqa: ARG001  # as all
    return _where_known(series, rows.latency)


def _resource(layout: Layout, series: Series, rows: SentRows, _: MonitoredModel) -> Placed:  # noqa: ARG001  # as all
    return _where_known(series, as_numbers([row.get(series.name) for row in rows.resources]))


def _where_known(series: Series, numbers: FloatArray) -> Placed:
    return Placed(np.where(np.isnan(numbers), -1, series.frozen.place(np.clip(numbers, -LARGEST, LARGEST))), numbers)


PLACES: dict[str, Callable[[Layout, Series, SentRows, MonitoredModel], Placed]] = {
    Stage.FEATURE: _feature,
    Stage.PROCESSED: _processed,
    Stage.REPEATED: _repeated,
    Stage.SLICE: _slice,
    Stage.SCORE: _score,
    Stage.PREDICTED: _predicted,
    Stage.BASELINE: _baseline,
    Stage.AGREEMENT: _agreement,
    Stage.CELL: _cell,
    Stage.LATENCY: _latency,
    Stage.RESOURCE: _resource,
}
