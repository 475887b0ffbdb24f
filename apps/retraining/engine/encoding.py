"""Rows as they were sent become the columns that a candidate learns from."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from apps.registry.models.features import Feature, code_of
from apps.stats.arrays import LARGEST, BoolArray, FloatArray

# Trees split up to so many categories as sets; rarer ones share a code.
MOST_CATEGORIES = 60
NUMBERS = frozenset({"number", "integer"})


@dataclass(frozen=True, eq=False)
class Columns:
    """What a candidate sees.

    Attributes
    ----------
    names : list of str
        Features in the order of the columns.
    values : array (n, features)
        Numbers, codes of categories, nan where a row has no value.
    is_category : array (features,) of bool
    """

    names: list[str]
    values: FloatArray
    is_category: BoolArray


def columns_of(rows: Sequence[dict[str, Any]], declared: Sequence[Feature]) -> Columns:
    """Encode the declared features, or where none is declared, all that the rows have.

    Left out: free text, lists, objects, and features with one value. Nothing of the labels enters.
    """
    found: list[tuple[str, FloatArray, bool]] = []
    for feature in declared or _undeclared(rows):
        column = [row.get(feature.name) for row in rows]
        values, is_category = _column(column, feature)
        if values is not None and np.unique(values).size > 1:
            found.append((feature.name, values, is_category))
    values = np.column_stack([each for _, each, _ in found]) if found else np.empty((len(rows), 0))
    return Columns([name for name, _, _ in found], values, np.array([each for _, _, each in found], dtype=np.bool_))


def _undeclared(rows: Sequence[dict[str, Any]]) -> list[Feature]:
    names = dict.fromkeys(name for row in rows for name in row)
    texts = {name for name in names if any(isinstance(row.get(name), str) for row in rows)}
    return [Feature(name, type="category" if name in texts else "number", label=name) for name in names]


def _column(column: list[Any], feature: Feature) -> tuple[FloatArray | None, bool]:
    if feature.type in NUMBERS or feature.type == "boolean":
        return np.array([_number(value) for value in column], dtype=np.float64), False
    if feature.type != "category":
        return None, False
    codes = [None if value is None or isinstance(value, list | dict) else code_of(value) for value in column]
    common = [code for code, _ in Counter(code for code in codes if code is not None).most_common(MOST_CATEGORIES)]
    places = {code: float(place) for place, code in enumerate(sorted(common))}
    rest = float(len(places))
    return np.array([math.nan if code is None else places.get(code, rest) for code in codes], dtype=np.float64), True


def _number(value: Any) -> float:
    if isinstance(value, bool | int | float):
        try:
            return float(np.clip(float(value), -LARGEST, LARGEST))
        except OverflowError:
            return math.nan
    return math.nan
