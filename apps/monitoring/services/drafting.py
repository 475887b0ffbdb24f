"""Bins as a condition on features, and a policy that draws what is new, as a draft for the sampling page."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from apps.monitoring.models import Series, Stage
from apps.registry.models import MonitoredModel
from apps.registry.models.features import code_of
from apps.sampling.services.conditions import FEATURE
from apps.stats.drift.bins import NumberBins

# Of each thousand matching predictions, so many are drawn until somebody says otherwise.
RATE = 0.1
RANK = 10
FLAGS = {"True": True, "False": False}


def draft(
    model: MonitoredModel, parts: Sequence[dict[str, Any]], series: dict[tuple[str, str], Series], *, origin: str
) -> dict[str, Any] | None:
    """Return a policy for the predictions that fall into all parts; None where no condition can say so.

    `origin` says in a sentence why somebody may want it.
    """
    condition = condition_of(model, parts, series)
    if condition is None:
        return None
    return {
        "name": "what-is-new",
        "kind": "uniform",
        "rate": RATE,
        "condition": condition,
        "queue": "main",
        "rank": RANK,
        "origin": origin,
    }


def condition_of(
    model: MonitoredModel, parts: Sequence[dict[str, Any]], series: dict[tuple[str, str], Series]
) -> dict[str, Any] | None:
    """Return the condition that predictions in all parts meet; None where none can say so."""
    conditions = [_condition(model, series.get((part["stage"], part["name"])), part["bins"]) for part in parts]
    known = [each for each in conditions if each is not None]
    if not known or len(known) < len(conditions):
        return None
    return known[0] if len(known) == 1 else {"all": known}


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
    else:
        if named := [frozen.names[each] for each in bins if each < len(frozen.names)]:
            tests.append(_one_of(field, named))
        if len(frozen.names) in bins:
            tests.append({"not": {"any": [_one_of(field, frozen.names), _is_missing(field)]}})
    if missing in bins:
        tests.append(_is_missing(field))
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


def _one_of(field: str, names: Sequence[str]) -> dict[str, Any]:
    return {"field": field, "op": "in", "value": [value for name in names for value in _as_sent(name)]}


def _is_missing(field: str) -> dict[str, Any]:
    return {"field": field, "op": "is_missing", "value": True}


def _as_sent(name: str) -> list[Any]:
    """Return a code as the text, and as the number or flag that it may have been sent as."""
    if name in FLAGS:
        return [name, FLAGS[name]]
    for number in (int, float):
        try:
            value = number(name)
        except ValueError:
            continue
        if code_of(value) == name and isfinite(value):
            return [name, value]
    return [name]
