"""Find predictions with values that the model's first rows never had: beyond their range, new, or missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from apps.explanations.models import UsualValues
from apps.explanations.services.unusual import Line
from apps.registry.models import MonitoredModel
from apps.stats.arrays import BoolArray, FloatArray

# Rows from which on others are judged, and at which what is usual is frozen.
ENOUGH, ALL = 1_000, 10_000
# A number is outside from this share of the range beyond it, and no further than so many ranges.
MARGIN, FURTHEST = 0.25, 100.0
MOST_FEATURES = 5


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
    feature: str
    rows: BoolArray
    strength: FloatArray


def look_at(
    model: MonitoredModel, keys: Sequence[int], versions: Sequence[int], days: Sequence[date], columns: Iterable[Column]
) -> list[Line]:
    """Return the rows with unusual values, and remember what the first rows held. Lock the model first."""
    columns = list(columns)
    known, _ = UsualValues.objects.get_or_create(model=model)
    found = _outside(known, columns) if known.rows >= ENOUGH else []
    if known.rows < ALL:
        known.seen = known.seen | {each.feature: _with(known.seen.get(each.feature), each) for each in columns}
        known.rows += len(keys)
        known.save(update_fields=["seen", "rows"])
    return _lines(found, keys, versions, days)


def _with(seen: dict[str, Any] | None, column: Column) -> dict[str, Any]:
    """Return what was seen of a feature, with these rows."""
    before = seen or {"low": None, "high": None, "missing": False, "other": False}
    made = dict(before, missing=bool(before["missing"] or column.is_missing.any()))
    if column.is_other is not None:
        return dict(made, other=bool(before["other"] or column.is_other.any()))
    if column.numbers is None or not np.isfinite(column.numbers).any():
        return made
    low, high = float(np.nanmin(column.numbers)), float(np.nanmax(column.numbers))
    if before["low"] is not None:
        low, high = min(low, before["low"]), max(high, before["high"])
    return dict(made, low=low, high=high)


def _outside(known: UsualValues, columns: Sequence[Column]) -> list[_Found]:
    found = []
    for column in columns:
        seen = known.seen.get(column.feature)
        if seen is None:
            continue
        one = np.ones(len(column.is_missing))
        if not seen["missing"] and column.is_missing.any():
            found.append(_Found(column.feature, column.is_missing, one))
        if column.is_other is not None and not seen["other"] and column.is_other.any():
            found.append(_Found(column.feature, column.is_other, one))
        if column.numbers is not None and seen["low"] is not None:
            found += _beyond(column.feature, column.numbers, low=seen["low"], high=seen["high"])
    return found


def _beyond(feature: str, numbers: FloatArray, *, low: float, high: float) -> list[_Found]:
    """Return the numbers beyond the range, as strong as they are far from it in widths of it."""
    # Of a single value, any other one is its own size away.
    width = (high - low) or max(abs(high), 1.0)
    far = np.maximum(low - numbers, numbers - high) / width
    is_out = far > MARGIN
    return [_Found(feature, is_out, np.where(is_out, np.minimum(far, FURTHEST), 0.0))] if is_out.any() else []


def _lines(found: Sequence[_Found], keys: Sequence[int], versions: Sequence[int], days: Sequence[date]) -> list[Line]:
    if not found:
        return []
    made = []
    for at in np.flatnonzero(np.any([each.rows for each in found], axis=0)).tolist():
        reasons = sorted((each for each in found if each.rows[at]), key=lambda each: -each.strength[at])
        strength = sum(float(each.strength[at]) for each in reasons)
        named = list(dict.fromkeys(each.feature for each in reasons))[:MOST_FEATURES]
        made.append(Line(keys[at], versions[at], days[at], strength, named))
    return made
