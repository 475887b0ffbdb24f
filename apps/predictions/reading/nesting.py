"""Rows as tables write them: flat names such as `features.age`, nulls for missing values, zones without minutes."""

import re
from typing import Any

import msgspec

from apps.predictions.models import BatchKind
from apps.predictions.reading.rejections import RowError

GROUPS = ("features", "probabilities", "attributions", "resources", "processed")
TIMES: dict[BatchKind, str] = {
    BatchKind.PREDICTIONS: "predicted_at",
    BatchKind.OUTCOMES: "occurred_at",
    BatchKind.ACTIONS: "taken_at",
}
_ZONED = {*TIMES.values(), "hold_until"}
# PostgreSQL and DuckDB leave the minutes of a zone out.
_SHORT_ZONE = re.compile(r"(:\d\d(\.\d+)?[+-]\d\d)\Z")
_Parts = dict[str, msgspec.Raw]
_parts = msgspec.json.Decoder(_Parts).decode
_encode = msgspec.json.encode
_NULL = b"null"


def place_of(name: str) -> tuple[str | None, str]:
    """Split a flat name into its group and the name inside; a field of the row has no group.

    >>> place_of("features.age"), place_of("id"), place_of("features")
    (('features', 'age'), (None, 'id'), (None, 'features'))
    """
    group, dot, inner = name.partition(".")
    return (group, inner) if dot and group in GROUPS else (None, name)


def nested(raw: bytes) -> bytes:
    """Group the flat names of a JSON row, and leave out what is null; a feature that is null stays.

    Raises RowError if a value is given twice.
    """
    row: dict[str, Any] = {}
    for name, part in _parts(raw).items():
        group, inner = place_of(name)
        if group is not None:
            _add(row.setdefault(group, {}), group, {inner: part})
        elif name in GROUPS and bytes(part).startswith(b"{"):
            _add(row.setdefault(name, {}), name, _parts(part))
        elif bytes(part) != _NULL:
            row[name] = _zoned(part) if name in _ZONED else part
    return _encode(row)


def _add(members: dict[str, Any], group: str, parts: _Parts) -> None:
    for name, part in parts.items():
        if name in members:
            full = f"{group}.{name}"
            raise RowError("duplicate_name", full, f"The row has {full} twice: flat, and inside {group}.")
        if group == "features" or bytes(part) != _NULL:
            members[name] = part


def _zoned(part: msgspec.Raw) -> Any:
    value = msgspec.json.decode(part)
    return _SHORT_ZONE.sub(r"\1:00", value) if isinstance(value, str) else part
