"""The values that a model's inputs had in stored predictions: the sliders and selects of a prediction's page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from apps.explanations.engine.spec import Spec
from apps.registry.models.features import code_of, is_number

# A feature with more different values than these is shown as a range, not as a list.
MOST_VALUES = 40
# Points of a range: where its quantiles are, so that curves are fine where values are.
POINTS = 48


def values_of(rows: Sequence[Mapping[str, Any]], spec: Spec) -> dict[str, Any]:
    """Return for each input the values seen, the commonest first, or the points of a range in ascending order.

    {"name": {"values": [[value, rows], …]}} or {"name": {"points": [number, …], "is_whole": bool}}; `lacking` counts
    missing values.
    """
    return {each.name: _of([row.get(each.name) for row in rows]) for each in spec.features}


def _of(values: Sequence[Any]) -> dict[str, Any]:
    known = [value for value in values if value is not None and not isinstance(value, list | dict)]
    lacking = len(values) - len(known)
    counts = Counter(code_of(value) for value in known)
    if len(counts) <= MOST_VALUES or not all(is_number(value) for value in known):
        as_sent = {code_of(value): value for value in known}
        common = [[as_sent[code], count] for code, count in counts.most_common(MOST_VALUES)]
        return {"values": common, "rows": len(values), "lacking": lacking}
    is_whole = all(float(value).is_integer() for value in known)
    points = _points(sorted(known), is_whole=is_whole)
    return {"points": points, "is_whole": is_whole, "rows": len(values), "lacking": lacking}


def _points(ordered: Sequence[float], *, is_whole: bool) -> list[float]:
    """Every whole number of a short range, else quantiles with both ends."""
    low, high = ordered[0], ordered[-1]
    if is_whole and high - low <= 2 * POINTS:
        return [float(number) for number in range(int(low), int(high) + 1)]
    last = len(ordered) - 1
    quantiles = {float(ordered[round(at * last / (POINTS - 1))]) for at in range(POINTS)}
    return sorted(quantiles)
