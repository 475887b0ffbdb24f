"""Columns of predictions for conditions and probabilities: numbers in an array, anything else as codes."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
ORDERS: dict[str, Callable[[Any, Any], Any]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
# Beyond this, a float no longer holds every whole number.
LARGEST_EXACT = 2**53
# Lists and objects: present, but equal to nothing that a condition can name.
_COMPOUND: tuple[()] = ()
# A dict takes true and 1 for the same key; conditions do not.
_FLAGS = {True: (True,), False: (False,)}


@dataclass(frozen=True)
class Coded:
    """A column of any values: each row's position among the distinct ones. None is missing."""

    codes: NDArray[np.int32]
    values: tuple[Any, ...]

    @classmethod
    def of(cls, values: Sequence[Any]) -> "Coded":
        # Texts are their own keys.
        keys = values if {*map(type, values)} <= {str, type(None)} else [_key(value) for value in values]
        code = {key: place for place, key in enumerate(dict.fromkeys(keys))}
        distinct = dict(zip(keys, values, strict=True))
        codes = np.fromiter(map(code.__getitem__, keys), dtype=np.int32, count=len(keys))
        return cls(codes, tuple(key if key is None or key is _COMPOUND else distinct[key] for key in code))

    @cached_property
    def by_key(self) -> dict[Any, int]:
        return {_key(value): code for code, value in enumerate(self.values)}

    @cached_property
    def numbers(self) -> Floats | None:
        """The distinct values as floats, nan where one is no number; None if floats do not hold all of them exactly."""
        if not all(_is_exact(value) for value in self.values if _is_number(value)):
            return None
        return np.array([float(value) if _is_number(value) else np.nan for value in self.values], dtype=np.float64)


Column = Floats | Coded


class Table:
    """Columns of predictions by name. `read` returns the values of one, and is called for those that are used."""

    def __init__(self, size: int, read: Callable[[str], Any]) -> None:
        self.size = size
        self._read = read
        self._columns: dict[str, Column] = {}

    def __getitem__(self, name: str) -> Column:
        if name not in self._columns:
            self._columns[name] = column_of(self._read(name))
        return self._columns[name]

    def numbers(self, name: str) -> Floats:
        column = self[name]
        assert not isinstance(column, Coded)
        return column

    def coded(self, name: str) -> Coded:
        column = self[name]
        return column if isinstance(column, Coded) else Coded.of(column.tolist())


def column_of(values: Any) -> Column:
    """Return values as a column: an array where all are numbers that floats hold exactly, or missing."""
    if isinstance(values, Coded):
        return values
    if getattr(values, "dtype", None) == np.float64:
        return np.asarray(values, dtype=np.float64)
    listed = list(values)
    if {*map(type, listed)} <= {int, float, type(None)}:
        try:
            numbers = np.array(listed, dtype=np.float64)
        except OverflowError:
            return Coded.of(listed)
        if not (np.abs(numbers) > LARGEST_EXACT).any():
            return numbers
    return Coded.of(listed)


def compare(column: Column, comparison: str, wanted: Any) -> Bools:
    """Return the rows whose value compares with the wanted one. A missing one, or one of another type, fails.

    Looks at each distinct value once.
    """
    if not isinstance(column, Coded):
        return _compare_numbers(column, comparison, wanted)
    if comparison in ORDERS and column.numbers is not None:
        return _compare_numbers(column.numbers, comparison, wanted)[column.codes]
    return _compare_values(column, comparison, wanted)[column.codes]


def _compare_numbers(numbers: Floats, comparison: str, wanted: Any) -> Bools:
    if comparison == "is_missing":
        return np.asarray(np.isnan(numbers) == (wanted is not False))
    if comparison in ORDERS:
        if _is_exact(wanted):
            return np.asarray(ORDERS[comparison](numbers, float(wanted)), dtype=bool)
        return np.array([bool(ORDERS[comparison](number, wanted)) for number in numbers.tolist()], dtype=bool)
    named = [each for each in (wanted if comparison == "in" else [wanted]) if _is_number(each) and _is_exact(each)]
    found = np.isin(numbers, np.array(named, dtype=np.float64))
    return ~found & ~np.isnan(numbers) if comparison == "ne" else found


def _compare_values(column: Coded, comparison: str, wanted: Any) -> Bools:
    """Compare the distinct values, not the rows."""
    if comparison in ORDERS:
        order = ORDERS[comparison]
        return np.array([_is_number(value) and bool(order(value, wanted)) for value in column.values], dtype=bool)
    missing = np.array([value is None for value in column.values], dtype=bool)
    if comparison == "is_missing":
        return np.asarray(missing == (wanted is not False))
    found = np.zeros(len(column.values), dtype=bool)
    codes = (column.by_key.get(_key(each)) for each in (wanted if comparison == "in" else [wanted]))
    found[[code for code in codes if code is not None]] = True
    return ~found & ~missing if comparison == "ne" else found


def _key(value: Any) -> Any:
    """Return what equal values of one type share: 1 and 1.0, but not true; None for what is missing."""
    if isinstance(value, bool):
        return _FLAGS[value]
    if isinstance(value, list | dict | tuple):
        return _COMPOUND
    return None if value != value else value  # noqa: PLR0124  # only NaN differs from itself


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_exact(number: float) -> bool:
    try:
        return float(number) == number
    except OverflowError:
        return False
