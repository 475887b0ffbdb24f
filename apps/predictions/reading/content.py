"""What a prediction says, whatever way it was written: the basis on which a row sent again is the same or another.

`Z` and `+00:00`, 37 and 37.0, an absent value and null say the same.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

# Names sorted; MessagePack, since formatting numbers as text takes twice as long.
_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_INSIDE = (int, list, dict)
# How many fields there were at first, before `processed`, and before `log_share`.
_FIRST, _SECOND, _THIRD = 13, 15, 16


class Content(NamedTuple):
    """The fields of a prediction in the order in which a difference is looked for. Classes are stored numbers."""

    predicted_at: float
    version: str
    prediction: float
    score: float | None
    baseline: float | None
    amount: float | None
    subject: str | None
    latency_ms: float | None
    attribution_base: float | None
    features: dict[str, Any]
    probabilities: dict[str, Any]
    attributions: dict[str, Any]
    resources: dict[str, Any]
    observable: bool | None
    explore_share: float | None
    processed: dict[str, Any]
    log_share: float | None

    @property
    def hash(self) -> bytes:
        # Fields that came later do not change the hash of a row without them.
        if self.log_share is not None:
            return sha256(_encode(self)).digest()
        if self.processed:
            return sha256(_encode(self[:_THIRD])).digest()
        is_first = self.observable is None and self.explore_share is None
        return sha256(_encode(self[: _FIRST if is_first else _SECOND])).digest()


def plain(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Write named values in one way: numbers as floats, without nulls."""
    if not values:
        return {}
    return {
        # 0.0 equals -0.0, which is written in another way.
        name: (value or 0.0) if value.__class__ is float else _plain(value) if value.__class__ in _INSIDE else value
        for name, value in values.items()
        if value is not None
    }


def _plain(value: Any) -> Any:
    if value.__class__ is int:
        number = float(value)
        return number if int(number) == value else value
    if value.__class__ is float:
        return value or 0.0
    if value.__class__ is dict:
        return plain(value)
    if value.__class__ is list:
        return [_plain(each) for each in value]
    return value


def first_difference(one: Content, other: Content) -> str:
    """Return the name of the first field that differs, such as `features.age`; empty if none does."""
    for field, mine, theirs in zip(Content._fields, one, other, strict=True):
        if _encode(mine) == _encode(theirs):  # to Python, 1 equals true
            continue
        if not isinstance(mine, dict) or not isinstance(theirs, dict):
            return field
        names = [*mine, *(name for name in theirs if name not in mine)]
        return next(f"{field}.{name}" for name in names if _encode(mine.get(name)) != _encode(theirs.get(name)))
    return ""
