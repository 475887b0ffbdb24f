"""Policy conditions: typed trees over declared fields, checked on save, evaluated on columns without eval."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from apps.common.errors import DomainError
from apps.registry.models import MonitoredModel
from apps.sampling.services.columns import ORDERS, Bools, Table, compare

FEATURE = "features."
OWN_FIELDS = ("prediction", "baseline", "score", "amount", "version")
OPERATORS = ("eq", "ne", "in", "is_missing", *ORDERS)
MAX_DEPTH = 8
MAX_LEAVES = 50


class ConditionError(DomainError):
    """The condition breaks the grammar."""

    code = "invalid_condition"


def check(condition: Any, *, model: MonitoredModel) -> None:
    """Accept only `{field, op, value}`, `{"all": […]}`, `{"any": […]}` and `{"not": …}` over declared fields."""
    _check_node(condition, model=model, depth=1)
    if sum(1 for _ in leaves(condition)) > MAX_LEAVES:
        raise ConditionError(f"A condition has at most {MAX_LEAVES} comparisons.")


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


def _check_node(node: Any, *, model: MonitoredModel, depth: int) -> None:
    if not isinstance(node, dict) or depth > MAX_DEPTH:
        raise ConditionError(f"A condition is an object, nested at most {MAX_DEPTH} levels deep.")
    if "field" in node:
        _check_leaf(node, model=model)
        return
    if len(node) != 1 or next(iter(node)) not in {"all", "any", "not"}:
        raise ConditionError('A condition is {"field", "op", "value"}, {"all": […]}, {"any": […]} or {"not": …}.')
    ((name, inner),) = node.items()
    if name != "not" and (not isinstance(inner, list) or not inner):
        raise ConditionError(f'"{name}" needs a list of at least one condition.')
    for each in [inner] if name == "not" else inner:
        _check_node(each, model=model, depth=depth + 1)


def _check_leaf(leaf: dict[str, Any], *, model: MonitoredModel) -> None:
    unknown = set(leaf) - {"field", "op", "value"}
    if unknown:
        raise ConditionError(f"{sorted(unknown)[0]!r} is not allowed in a comparison.")
    field, operator, value = leaf["field"], leaf.get("op"), leaf.get("value")
    declared = {FEATURE + feature.name for feature in model.feature_list}
    if not isinstance(field, str) or (field not in OWN_FIELDS and field not in declared):
        raise ConditionError(f"{field!r} is not a declared field. Write features as features.<name>.")
    if operator not in OPERATORS:
        raise ConditionError(f"{operator!r} is not one of {', '.join(OPERATORS)}.")
    if operator == "is_missing":
        allowed = value is None or isinstance(value, bool)
    elif operator == "in":
        allowed = isinstance(value, list) and 0 < len(value) <= 200 and all(_is_scalar(each) for each in value)
    elif operator in ORDERS:
        allowed = isinstance(value, int | float) and not isinstance(value, bool)
    else:
        allowed = _is_scalar(value)
    if not allowed:
        raise ConditionError(f"{operator!r} cannot compare with {value!r}.")


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)
