"""One row to one line of JSON.

A row is a dict in the form of the API, or flat with dotted names (`features.age`), or a mixture. None, NaN, NaT and
pandas' NA mean that a value is missing: it is left out, except among the features, where it is null.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

FEATURES = "features"
GROUPS = frozenset({FEATURES, "probabilities", "attributions", "resources"})
# Most values are of these: a look at the class saves the rest.
NEVER_MISSING = frozenset({str, int, bool})


def encode(row: object) -> bytes:
    """The row as a line, without its end. Raises TypeError or ValueError for what JSON has no words for."""
    document = _nested(row) if isinstance(row, Mapping) else row
    # An infinity is written as it is: the server says of which row and field it is.
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
    """The group of a dotted name and the name inside; None for a field of the row itself."""
    group, dot, inner = str(name).partition(".")
    return (group, inner) if dot and group in GROUPS else (None, str(name))


def is_missing(value: Any) -> bool:
    """Whether the value stands for none."""
    if value.__class__ in NEVER_MISSING:
        return False
    if value is None:
        return True
    try:
        return bool(value != value)  # noqa: PLR0124  # true of NaN and NaT alone
    except TypeError:  # pandas' NA is neither equal nor unequal
        return True
    except ValueError:  # an array
        return False


def _plain(value: Any) -> Any:
    """What JSON does not know, in its words."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, UUID):
        return str(value)
    if hasattr(value, "item"):  # a number of numpy
        return value.item()
    raise TypeError(f"A value of the type {type(value).__name__} cannot be sent.")


_encoder = json.JSONEncoder(default=_plain, separators=(",", ":"))
