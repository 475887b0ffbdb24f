"""Encodes one row as one line of JSON.

A row is a dict in the form of the API, or flat with dotted names (`features.age`), or a mixture. None, NaN, NaT and
pandas' NA stand for a missing value. A missing value is left out; a missing feature is null.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

FEATURES = "features"
GROUPS = frozenset({FEATURES, "probabilities", "attributions", "resources", "processed"})
# Most values have one of these classes, and checking the class is fast.
NEVER_MISSING = frozenset({str, int, bool})


def encode(row: object) -> bytes:
    """Return the row as a line without the line break. Raises TypeError, ValueError if JSON cannot express it."""
    document = _nested(row) if isinstance(row, Mapping) else row
    # Infinity is written as it is: the server rejects the row and names the field.
    return _encoder.encode(document).encode()


def _nested(row: Mapping[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, value in row.items():
        group, inner = _place(name)
        if group is not None:
            if group == FEATURES or not is_missing(value):
                document.setdefault(group, {})[inner] = None if is_missing(value) else value
        elif name in GROUPS and isinstance(value, Mapping):
            members = _members(name, value)
            if members or name == FEATURES:
                document.setdefault(name, {}).update(members)
        elif not is_missing(value):
            document[name] = value
    return document


def _members(group: str, values: Mapping[str, Any]) -> dict[str, Any]:
    if group == FEATURES:
        return {name: None if is_missing(value) else value for name, value in values.items()}
    return {name: value for name, value in values.items() if not is_missing(value)}


@lru_cache(maxsize=10_000)
def _place(name: object) -> tuple[str | None, str]:
    """Split a dotted name into its group and inner name. The group of a plain field is None."""
    group, dot, inner = str(name).partition(".")
    return (group, inner) if dot and group in GROUPS else (None, str(name))


def is_missing(value: Any) -> bool:
    """Say whether the value stands for a missing one."""
    if value.__class__ in NEVER_MISSING:
        return False
    if value is None:
        return True
    try:
        return bool(value != value)  # noqa: PLR0124  # only NaN and NaT differ from themselves
    except TypeError:  # pandas' NA has no truth value
        return True
    except ValueError:  # an array
        return False


def _plain(value: Any) -> Any:
    """Convert a value that JSON does not know."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        # As its digits would be read.
        return int(value) if value.as_tuple().exponent == 0 else float(value)
    if isinstance(value, UUID):
        return str(value)
    if hasattr(value, "tolist"):  # a number or an array of numpy
        return value.tolist()
    raise TypeError(f"A value of the type {type(value).__name__} cannot be sent.")


_encoder = json.JSONEncoder(default=_plain, separators=(",", ":"))
