"""Find predictions with values that the model's first rows never had: beyond their range, new, or missing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from apps.explanations.models import UsualValues
from apps.explanations.services.unusual import MOST_A_DAY, Line
from apps.registry.models import MonitoredModel
from apps.stats.arrays import BoolArray, FloatArray

# Values of a feature from which on others are judged, and at which what is usual of it is frozen.
ENOUGH, ALL = 1_000, 10_000
# A number is outside from this share of the range beyond it, and no further than so many ranges.
MARGIN, FURTHEST = 0.25, 100.0
MOST_FEATURES = 5
NOTHING: dict[str, Any] = {"values": 0, "low": None, "high": None, "missing": False, "other": False}


@dataclass(frozen=True)
class Column:
    """The values of one feature: numbers, or categories of which only is known whether they are new."""

    feature: str
    # nan where there is none; None for categories
    numbers: FloatArray | None
    is_missing: BoolArray
    # Of categories: none of the names that the model's frequent values have
    is_other: BoolArray | None = None


@dataclass(frozen=True)
class _Found:
    """How far outside each row's value of a feature is; 0 where it is usual."""

    feature: str
    strength: FloatArray


def look_at(
    model: MonitoredModel, keys: Sequence[int], versions: Sequence[int], days: Sequence[date], columns: Iterable[Column]
) -> list[Line]:
    """Return the rows with unusual values, and remember what the first rows held. Lock the model first."""
    known, _ = UsualValues.objects.get_or_create(model=model)
    found: list[_Found] = []
    learned: dict[str, Any] = {}
    for column in columns:
        seen = NOTHING | known.seen.get(column.feature, {})
        # Each feature has its own count: one that comes later has few values while the others have many.
        if seen["values"] >= ENOUGH:
            found += _outside(column, seen)
        if seen["values"] < ALL:
            learned[column.feature] = _with(seen, column)
    if learned:
        known.seen = known.seen | learned
        known.save(update_fields=["seen"])
    return _lines(found, keys, versions, days)


def _with(seen: dict[str, Any], column: Column) -> dict[str, Any]:
    """Return what was seen of a feature, with these rows."""
    values = seen["values"] + int(np.count_nonzero(~column.is_missing))
    made = dict(seen, values=values, missing=bool(seen["missing"] or column.is_missing.any()))
    if column.is_other is not None:
        return dict(made, other=bool(seen["other"] or column.is_other.any()))
    if column.numbers is None or not np.isfinite(column.numbers).any():
        return made
    low, high = float(np.nanmin(column.numbers)), float(np.nanmax(column.numbers))
    if seen["low"] is not None:
        low, high = min(low, seen["low"]), max(high, seen["high"])
    return dict(made, low=low, high=high)


def _outside(column: Column, seen: dict[str, Any]) -> list[_Found]:
    found = []
    if not seen["missing"] and column.is_missing.any():
        found.append(_Found(column.feature, column.is_missing.astype(np.float64)))
    if column.is_other is not None and not seen["other"] and column.is_other.any():
        found.append(_Found(column.feature, column.is_other.astype(np.float64)))
    if column.numbers is not None and seen["low"] is not None:
        found += _beyond(column.feature, column.numbers, low=seen["low"], high=seen["high"])
    return found


def _beyond(feature: str, numbers: FloatArray, *, low: float, high: float) -> list[_Found]:
    """Return the numbers beyond the range, as strong as they are far from it in widths of it."""
    # Of a single value, any other one is its own size away.
    width = (high - low) or max(abs(high), 1.0)
    far = np.maximum(low - numbers, numbers - high) / width
    is_out = far > MARGIN
    return [_Found(feature, np.where(is_out, np.minimum(far, FURTHEST), 0.0))] if is_out.any() else []


def _lines(found: Sequence[_Found], keys: Sequence[int], versions: Sequence[int], days: Sequence[date]) -> list[Line]:
    """Describe the strongest rows of each day and version: when a unit changes, all rows are outside."""
    if not found:
        return []
    strength = np.sum([each.strength for each in found], axis=0)
    taken, made = Counter[tuple[int, date]](), []
    for at in np.argsort(-strength, kind="stable")[: np.count_nonzero(strength)].tolist():
        day = versions[at], days[at]
        taken[day] += 1
        if taken[day] <= MOST_A_DAY:
            made.append(Line(keys[at], *day, float(strength[at]), _features(found, at)))
    return made


def _features(found: Sequence[_Found], at: int) -> list[str]:
    reasons = sorted((each for each in found if each.strength[at]), key=lambda each: -each.strength[at])
    return list(dict.fromkeys(each.feature for each in reasons))[:MOST_FEATURES]
