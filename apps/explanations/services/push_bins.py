"""The bins of contributions and of the values behind them: made from the first rows, then frozen."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from apps.explanations.models import PushBins
from apps.explanations.services.day_tables import PUSH_BINS, VALUE_BINS
from apps.explanations.services.push_rows import PushRows
from apps.registry.models import Feature, MonitoredModel
from apps.registry.models.features import code_of
from apps.stats.arrays import LARGEST, FloatArray, IntArray
from apps.stats.drift.bins import number_bins

MISSING, OTHER = VALUE_BINS - 1, VALUE_BINS - 2
LONGEST_CATEGORY = 100
# A sender can invent any number of names.
MOST_NAMES, LONGEST_NAME = 300, 200
# The outermost edges are at the largest contribution, or at so many times the largest common one.
COMMON, FAR = 0.99, 3.0
NUMERIC = frozenset({"number", "integer"})
NUMBERS = frozenset({int, float, type(None)})
_MOST_REMEMBERED = 10_000

Bins = Mapping[str, Any]


def make(rows: Sequence[PushRows], *, model: MonitoredModel) -> tuple[list[float], dict[str, Bins]]:
    """Return the edges of contributions, and the bins of each feature's values."""
    sizes = np.abs(np.concatenate([each.pushes.ravel() for each in rows]))
    sizes = sizes[sizes > 0]  # nan is not
    top = min(float(sizes.max()), FAR * float(np.quantile(sizes, COMMON))) if len(sizes) else 1.0
    half = PUSH_BINS // 2
    # Finer near zero, where most of them lie; the outermost bins are open.
    edges = (top * (np.arange(1, half) / (half - 1)) ** 2).tolist()
    return edges, of_names(rows, dict.fromkeys(name for each in rows for name in each.names), model=model)


def of_names(rows: Sequence[PushRows], names: Mapping[str, object], *, model: MonitoredModel) -> dict[str, Bins]:
    """Return the bins of the values of these features."""
    declared = {each.name: each for each in model.feature_list}
    known = [name for name in names if 0 < len(name) <= LONGEST_NAME][:MOST_NAMES]
    return {name: _of([row.get(name) for each in rows for row in each.inputs], declared.get(name)) for name in known}


def _of(column: list[Any], feature: Feature | None) -> Bins:
    """Bins of numbers where the schema says so or, without it, where most values are numbers."""
    if feature is not None and feature.type == "text":
        return {"names": []}
    known = [value for value in column if value is not None]
    numbers = sum(type(value) in NUMBERS for value in known)
    is_number = 2 * numbers > len(known) if feature is None else feature.type in NUMERIC and not feature.codes
    if is_number:
        return _of_numbers(as_numbers(known))
    found = Counter(code_of(value)[:LONGEST_CATEGORY] for value in known)
    return {"names": [name for name, _ in sorted(found.items(), key=lambda each: (-each[1], each[0]))[:OTHER]]}


def _of_numbers(numbers: FloatArray) -> Bins:
    """Bins at quantiles; values that hold a bin's share have one of their own, which makes others wider."""
    for wanted in range(MISSING, 1, -1):
        bins = number_bins(numbers, bins=wanted)
        if len(bins.edges) < MISSING:
            break
    return {"edges": list(bins.edges), "means": list(bins.representatives)}


def as_numbers(column: Sequence[Any]) -> FloatArray:
    """Return a column as numbers, nan where there is none."""
    if not set(map(type, column)) <= NUMBERS:
        column = [value if type(value) in NUMBERS else None for value in column]
    return np.clip(np.array(column, dtype=np.float64), -LARGEST, LARGEST)


class _Codes(dict[Any, int]):
    """The bin of each value seen. Values are told apart as codes, so that 1, 1.0 and "1" are one."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__({None: MISSING})
        self.names = {name: position for position, name in enumerate(names)}

    def __missing__(self, value: Any) -> int:
        place = self.names.get(code_of(value)[:LONGEST_CATEGORY], OTHER)
        if len(self) < _MOST_REMEMBERED:
            self[value] = place
        return place


class Placer:
    """Places rows in the bins of a method."""

    def __init__(self, bins: PushBins) -> None:
        self.values: dict[str, Bins] = bins.values
        positive = np.array(bins.edges)
        self.edges = np.concatenate([-positive[::-1], [0.0], positive])
        self._codes: dict[str, _Codes] = {}

    def pushes(self, pushes: FloatArray) -> IntArray:
        """Return the bins of contributions; nan lies in the last one."""
        return np.searchsorted(self.edges, pushes, side="left").astype(np.int64)

    def values_of(self, rows: PushRows, names: Sequence[str]) -> Iterator[IntArray]:
        """Yield for each feature the bins of its values."""
        try:
            columns: Iterable[Sequence[Any]] = zip(*map(_getter(names), rows.inputs), strict=True)
            columns = list(columns)
        except KeyError:  # some row lacks a feature
            columns = ([row.get(name) for row in rows.inputs] for name in names)
        for name, column in zip(names, columns, strict=True):
            yield self._place(name, column)

    def _place(self, name: str, column: Sequence[Any]) -> IntArray:
        bins = self.values[name]
        if "edges" in bins:
            numbers = as_numbers(column)
            inside = np.searchsorted(np.array(bins["edges"]), numbers, side="left")
            return np.where(np.isnan(numbers), MISSING, inside).astype(np.int64)
        codes = self._codes.setdefault(name, _Codes(bins["names"]))
        try:
            return np.array([codes[value] for value in column], dtype=np.int64)
        except TypeError:  # lists and objects have no hash
            plain = [str(each) if isinstance(each, list | dict) else each for each in column]
            return np.array([codes[value] for value in plain], dtype=np.int64)


def _getter(names: Sequence[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    if len(names) == 1:
        return lambda row: (row[names[0]],)
    return itemgetter(*names)
