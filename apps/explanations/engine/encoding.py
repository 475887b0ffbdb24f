"""Rows as they were sent become the numbers and texts that a model file expects."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.explanations.engine.refusals import ModelRefused
from apps.explanations.engine.spec import Input, Spec

# Numbers, or objects where a column has texts.
Cells = NDArray[Any]
NUMBERS = {int, float, bool, type(None)}
# Up to here, a float holds every whole number.
LARGEST_EXACT = 2**53
TEXT = "string"
WHOLE = "int64"


@dataclass(frozen=True)
class Encoded:
    """Rows × features, and why a row is none: its cells are then worthless."""

    cells: Cells
    errors: list[str]

    @property
    def is_good(self) -> NDArray[np.bool_]:
        return np.array([not error for error in self.errors], dtype=bool)


def encode(rows: list[dict[str, Any]], spec: Spec) -> Encoded:
    """Encode the rows column by column; a feature that a row does not have is missing."""
    errors = [""] * len(rows)
    is_text = any(is_textual(each) for each in spec.features)
    cells: Cells = np.empty((len(rows), len(spec.features)), dtype=object if is_text else np.float64)
    for position, feature in enumerate(spec.features):
        cells[:, position] = _column([row.get(feature.name) for row in rows], feature, errors)
    return Encoded(cells, errors)


def is_textual(feature: Input) -> bool:
    """Whether the file takes this feature as text."""
    return feature.dtype == TEXT and not feature.categories


def check_spec(spec: Spec) -> None:
    """Refuse encodings that no row could be encoded with."""
    names = [each.name for each in spec.features]
    if not names or len(set(names)) < len(names):
        raise ModelRefused("bad_spec", "The features need names, and each its own.")
    for feature in spec.features:
        if feature.dtype not in ("float32", "float64", WHOLE, TEXT):
            raise ModelRefused(
                "bad_spec", f"{feature.name}: “{feature.dtype}” is no type; use float32, float64, int64 or string."
            )
        if not is_textual(feature):
            _code_of_missing(feature)


def code_of(value: Any) -> str:
    """Write a value as the text of a category: 37.0 is 37.

    >>> code_of(37.0), code_of(37), code_of(0.25), code_of("car"), code_of(True)
    ('37', '37', '0.25', 'car', 'true')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_EXACT:
        return str(int(value))
    return str(value)


def _column(values: list[Any], feature: Input, errors: list[str]) -> Any:
    if is_textual(feature):
        return _texts(values, feature, errors)
    read = _codes if feature.categories else _numbers
    return _as_typed(read(values, feature, errors), feature, errors)


def _numbers(values: list[Any], feature: Input, errors: list[str]) -> NDArray[np.float64]:
    missing = _code_of_missing(feature)
    try:
        # The usual case in one go: numpy reads None as NaN. It would read texts as numbers, too.
        numbers = np.array(values if set(map(type, values)) <= NUMBERS else None, dtype=np.float64)
        if numbers.shape == (len(values),):
            return numbers if math.isnan(missing) else np.where(np.isnan(numbers), missing, numbers)
    except OverflowError:
        pass
    return np.array(
        [_number(value, missing, feature, errors, row) for row, value in enumerate(values)], dtype=np.float64
    )


def _number(value: Any, missing: float, feature: Input, errors: list[str], row: int) -> float:
    if value is None:
        return missing
    if type(value) in NUMBERS:
        try:
            return float(value)
        except OverflowError:
            _note(errors, row, f"{feature.name}: the number is too large")
    else:
        _note(errors, row, f"{feature.name}: {_in_words(value)} where a number belongs")
    return math.nan


def _codes(values: list[Any], feature: Input, errors: list[str]) -> NDArray[np.float64]:
    known = _categories(feature)
    missing = _code_of_missing(feature)
    unknown = missing if feature.unknown is None else feature.unknown
    codes = np.empty(len(values))
    for row, value in enumerate(values):
        if value is None:
            codes[row] = missing
        elif isinstance(value, list | dict):
            _note(errors, row, f"{feature.name}: {_in_words(value)} where a category belongs")
            codes[row] = math.nan
        else:
            codes[row] = known.get(value if type(value) is str else code_of(value), unknown)
    return codes


def _texts(values: list[Any], feature: Input, errors: list[str]) -> list[Any]:
    missing = math.nan if feature.missing is None else code_of(feature.missing)
    for row, value in enumerate(values):
        if isinstance(value, list | dict):
            _note(errors, row, f"{feature.name}: {_in_words(value)} where a text belongs")
    return [missing if value is None else code_of(value) for value in values]


def _as_typed(numbers: NDArray[np.float64], feature: Input, errors: list[str]) -> NDArray[np.float64]:
    """Round to the feature's precision; what it cannot hold is an error of the row."""
    if feature.dtype == "float32":
        with np.errstate(over="ignore"):
            numbers = numbers.astype(np.float32).astype(np.float64)
        for row in np.flatnonzero(np.isinf(numbers)):
            _note(errors, int(row), f"{feature.name}: the number is too large for float32")
    elif feature.dtype == WHOLE:
        for row in np.flatnonzero(~(np.abs(numbers) <= LARGEST_EXACT) | (numbers % 1 != 0)):
            what = (
                "no value, and a whole number cannot be missing" if math.isnan(numbers[row]) else "not a whole number"
            )
            _note(errors, int(row), f"{feature.name}: {what}")
    return numbers


def _categories(feature: Input) -> dict[str, float]:
    if isinstance(feature.categories, list):
        return {text: float(code) for code, text in enumerate(feature.categories)}
    return feature.categories


def _code_of_missing(feature: Input) -> float:
    """Return the code of a missing value, which may be given as the name of a category."""
    if feature.missing is None:
        return math.nan
    if not isinstance(feature.missing, str):
        return float(feature.missing)
    known = _categories(feature)
    if feature.missing not in known:
        raise ModelRefused(
            "bad_spec", f"{feature.name}: a missing value becomes “{feature.missing}”, which is none of its categories."
        )
    return known[feature.missing]


def _note(errors: list[str], row: int, error: str) -> None:
    errors[row] = errors[row] or error


def _in_words(value: Any) -> str:
    return "a text" if isinstance(value, str) else "a list" if isinstance(value, list) else "an object"
