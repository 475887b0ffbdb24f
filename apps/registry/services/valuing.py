"""What a decision is worth: stated in versions, by page and API alike."""

from typing import Any

from django.db import transaction
from django.db.models import Max

from apps.accounts.models import User
from apps.accounts.services import audit_log
from apps.common.errors import ConflictError, DomainError, invalid_field
from apps.registry.models import MonitoredModel, ValueModel

# An error message names so many missing cells.
MISSING_TOLD = 5


def state(
    model: MonitoredModel, document: dict[str, Any], *, by: User | None, instead_of: int | None = None
) -> ValueModel:
    """Save a new version and record it. `instead_of` is the version its writer started from, 0 for none."""
    with transaction.atomic():
        locked = MonitoredModel.objects.locked(model.pk)
        current = locked.current_value_model
        last = current.version if current else 0
        if instead_of is not None and instead_of != last:
            raise ConflictError(
                f"Somebody else saved version {last} meanwhile. Look at its changes, then save again to replace it.",
                code="value_model_changed",
                version=last,
            )
        stated = set_value_model(locked, document, by=by)
        if stated != current:
            details = {"version": stated.version, "reason": stated.reason}
            audit_log.record(locked.project, "value.stated", subject=f"model {locked.slug}", by=by, details=details)
    return stated


def set_value_model(model: MonitoredModel, document: dict[str, Any], *, by: User | None) -> ValueModel:
    """Create a new version, unless nothing but the reason changes. The caller holds the model's lock."""
    _check(model, document)
    matrix = {p: {t: str(v) for t, v in row.items()} for p, row in document["matrix"].items()}
    prices = {name: str(amount) for name, amount in document.get("prices", {}).items()}
    reason = document.get("reason", "").strip()
    changed = {**document, "matrix": matrix, "prices": prices}
    changed.pop("reason", None)
    current = model.current_value_model
    if current is not None and all(getattr(current, name) == value for name, value in changed.items()):
        return current
    version = (model.value_models.aggregate(last=Max("version"))["last"] or 0) + 1
    return ValueModel.objects.create(model=model, version=version, stated_by=by, reason=reason, **changed)


def check_classes(model: MonitoredModel) -> None:
    """Refuse a class whose decisions are worth nobody knows what."""
    current = model.current_value_model
    if current is not None and not model.is_regression and (missing := _missing_cells(model, current.matrix)):
        raise _invalid(f"A new class needs its worth: send the value model, too. It lacks {missing}.")


def _check(model: MonitoredModel, document: dict[str, Any]) -> None:
    matrix, costs = document["matrix"], (document.get("over_cost"), document.get("under_cost"))
    if model.is_regression:
        if matrix:
            raise _invalid("This model predicts a number: state over_cost and under_cost, not a matrix.")
        if None in costs:
            raise _invalid("State both over_cost and under_cost: what one unit costs, too high and too low.")
        return
    if costs != (None, None):
        raise _invalid("This model predicts a class: state its matrix, not over_cost and under_cost.")
    for predicted, row in matrix.items():
        unknown = ({predicted} | set(row)) - set(model.classes)
        if unknown:
            raise _invalid(f"{sorted(unknown)[0]!r} is not a class of this model.")
    if missing := _missing_cells(model, matrix):
        raise _invalid(f"The matrix lacks {missing}.")


def _missing_cells(model: MonitoredModel, matrix: dict[str, dict[str, Any]]) -> str:
    """Name the decisions without an amount, the first few of them; empty where all have one."""
    missing = [f"{p} → {t}" for p in model.classes for t in model.classes if t not in matrix.get(p, {})]
    more = f" and {len(missing) - MISSING_TOLD} more" if len(missing) > MISSING_TOLD else ""
    return ", ".join(missing[:MISSING_TOLD]) + more


def _invalid(message: str) -> DomainError:
    return invalid_field("value_model", message)
