"""A policy that draws what is new, as a draft for the sampling page."""

from collections.abc import Sequence
from typing import Any

from apps.monitoring.models import Series, Stage
from apps.registry.models import MonitoredModel
from apps.sampling.services.conditions import FEATURE
from apps.stats.drift.bins import NumberBins

# Of each thousand matching predictions, so many are drawn until somebody says otherwise.
RATE = 0.1
RANK = 10


def draft(
    model: MonitoredModel, parts: Sequence[dict[str, Any]], series: dict[tuple[str, str], Series], *, origin: str
) -> dict[str, Any] | None:
    """Return a policy for the predictions that fall into all parts; None where no condition can say so.

    `origin` says in a sentence why somebody may want it.
    """
    conditions = [_condition(model, series.get((part["stage"], part["name"])), part["bins"]) for part in parts]
    known = [each for each in conditions if each is not None]
    if not known or len(known) < len(conditions):
        return None
    condition = known[0] if len(known) == 1 else {"all": known}
    return {
        "name": "what-is-new",
        "kind": "uniform",
        "rate": RATE,
        "condition": condition,
        "queue": "main",
        "rank": RANK,
        "origin": origin,
    }


def _condition(model: MonitoredModel, series: Series | None, bins: Sequence[int]) -> dict[str, Any] | None:
    declared = {feature.name for feature in model.feature_list}
    if series is None or series.stage != Stage.FEATURE or series.name not in declared:
        return None
    field, frozen = FEATURE + series.name, series.frozen
    missing = frozen.size - 1
    tests: list[dict[str, Any]] = []
    if isinstance(frozen, NumberBins):
        if inside := [each for each in bins if each != missing]:
            tests.append(_between(field, frozen, min(inside), max(inside)))
    elif any(each == len(frozen.names) for each in bins):
        return None
    elif named := [frozen.names[each] for each in bins if each < len(frozen.names)]:
        tests.append({"field": field, "op": "in", "value": [value for name in named for value in _as_sent(name)]})
    if missing in bins:
        tests.append({"field": field, "op": "is_missing", "value": True})
    return tests[0] if len(tests) == 1 else {"any": tests} if tests else None


def _between(field: str, bins: NumberBins, first: int, last: int) -> dict[str, Any]:
    ends = []
    if first > 0:
        ends.append({"field": field, "op": "gt", "value": bins.edges[first - 1]})
    if last < len(bins.edges):
        ends.append({"field": field, "op": "le", "value": bins.edges[last]})
    return (
        ends[0] if len(ends) == 1 else {"all": ends} if ends else {"field": field, "op": "is_missing", "value": False}
    )


def _as_sent(name: str) -> list[Any]:
    """Return a code as the text and as the number that it may have been sent as."""
    return [name, int(name)] if name.lstrip("-").isdecimal() and str(int(name)) == name else [name]
