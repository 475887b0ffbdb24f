"""Policy conditions: typed trees over declared fields, checked on save, evaluated on columns without eval."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from apps.registry.models import MonitoredModel
from apps.sampling.services.columns import ORDERS, Bools, Table, compare
from apps.sampling.services.problems import Path, Problem

FEATURE = "features."
OWN_FIELDS = ("prediction", "baseline", "score", "amount", "version")
OPERATORS = ("eq", "ne", "in", "is_missing", *ORDERS)
MAX_DEPTH = 8
MAX_LEAVES = 50
# In a list to compare with
MAX_VALUES = 200
# What each operator compares with
NEEDS = {
    "eq": "Must be a text, a number, true or false.",
    "in": f"Must be a list of 1 to {MAX_VALUES} values.",
    "is_missing": "Must be true or false, or left out.",
    **dict.fromkeys(ORDERS, "Must be a number."),
}


def problems(condition: Any, *, model: MonitoredModel) -> list[Problem]:
    """Accept only `{field, op, value}`, `{"all": […]}`, `{"any": […]}` and `{"not": …}` over declared fields."""
    found = list(_problems(condition, model=model, path=()))
    if not found and sum(1 for _ in leaves(condition)) > MAX_LEAVES:
        found.append(_problem((), f"A condition has at most {MAX_LEAVES} comparisons."))
    return found


def leaves(condition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Iterate over the comparisons of a checked condition."""
    if "field" in condition:
        yield condition
    else:
        for inner in condition.get("all", condition.get("any", [condition.get("not")])):
            yield from leaves(inner)


def features_of(condition: dict[str, Any] | None) -> set[str]:
    """Return the features that a condition reads."""
    fields = (leaf["field"] for leaf in leaves(condition)) if condition else ()
    return {field.removeprefix(FEATURE) for field in fields if field.startswith(FEATURE)}


def holds(condition: dict[str, Any] | None, rows: Table) -> Bools:
    """Evaluate the condition for each row. A missing value, or one of another type, fails its comparison."""
    if not condition:
        return np.ones(rows.size, dtype=bool)
    if "not" in condition:
        return ~holds(condition["not"], rows)
    for name, combine in (("all", np.logical_and), ("any", np.logical_or)):
        if name in condition:
            return np.asarray(combine.reduce([holds(inner, rows) for inner in condition[name]]), dtype=bool)
    return compare(rows[condition["field"]], condition["op"], condition.get("value"))


def _problems(node: Any, *, model: MonitoredModel, path: Path, depth: int = 1) -> Iterator[Problem]:
    if not isinstance(node, dict) or depth > MAX_DEPTH:
        yield _problem(path, f"A condition is an object, nested at most {MAX_DEPTH} levels deep.")
    elif "field" in node:
        yield from _leaf_problems(node, model=model, path=path)
    elif len(node) != 1 or next(iter(node)) not in {"all", "any", "not"}:
        yield _problem(path, 'A condition is {"field", "op", "value"}, {"all": […]}, {"any": […]} or {"not": …}.')
    elif "not" in node:
        yield from _problems(node["not"], model=model, path=(*path, "not"), depth=depth + 1)
    else:
        ((name, inner),) = node.items()
        if not isinstance(inner, list) or not inner:
            yield _problem((*path, name), f'"{name}" needs a list of at least one condition.')
            return
        for place, each in enumerate(inner):
            yield from _problems(each, model=model, path=(*path, name, place), depth=depth + 1)


def _leaf_problems(leaf: dict[str, Any], *, model: MonitoredModel, path: Path) -> Iterator[Problem]:
    for name in sorted(set(leaf) - {"field", "op", "value"}):
        yield _problem((*path, name), "A comparison has a field, an op and a value, and nothing else.")
    field, operator, value = leaf["field"], leaf.get("op"), leaf.get("value")
    declared = {FEATURE + feature.name for feature in model.feature_list}
    if not isinstance(field, str) or (field not in OWN_FIELDS and field not in declared):
        yield _problem((*path, "field"), f"{field!r} is not a declared field. Write features as features.<name>.")
    if not isinstance(operator, str) or operator not in OPERATORS:
        yield _problem((*path, "op"), f"{operator!r} is not one of {', '.join(OPERATORS)}.")
    elif operator == "in" and isinstance(value, list) and 0 < len(value) <= MAX_VALUES:
        wrong = (place for place, each in enumerate(value) if not _is_scalar(each))
        yield from (_problem((*path, "value", place), NEEDS["eq"]) for place in wrong)
    elif not _fits(operator, value):
        yield _problem((*path, "value"), NEEDS.get(operator, NEEDS["eq"]))


def _fits(operator: str, value: Any) -> bool:
    if operator == "is_missing":
        return value is None or isinstance(value, bool)
    if operator in ORDERS:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return operator != "in" and _is_scalar(value)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _problem(path: Path, message: str) -> Problem:
    return Problem(path, message, code="invalid_condition")
