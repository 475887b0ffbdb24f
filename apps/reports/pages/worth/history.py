"""The versions of what a decision is worth: who changed what, when and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from apps.registry.models import ValueModel
from apps.reports.models import Kind
from apps.reports.pages.choosing_sides import address_of, usual_side
from apps.reports.pages.worth.forms import written
from apps.reports.services.comparisons import Side

# Changes of a version that are listed one by one.
MOST_CHANGES = 6
FIELDS = {
    "currency": "currency",
    "over_cost": "each unit too high",
    "under_cost": "each unit too low",
    "review_cost": "one review",
    "serving_cost": "serving one prediction",
}


@dataclass(frozen=True)
class Version:
    value_model: ValueModel
    changes: list[str]
    # The comparison of these prices with the present ones; empty for the present ones, and before the first prediction.
    address: str


def versions(rows: Sequence[ValueModel], *, present: ValueModel) -> list[Version]:
    """Describe the versions, the newest first; the last row is only compared with, unless it is the first version."""
    usual = usual_side(present.model)
    pairs = zip(rows, [*rows[1:], None], strict=False)
    return [
        Version(
            row,
            _shortened(list(_changes(before, row))) if before else ["the first version"],
            _address(usual, row) if usual and row.version != present.version else "",
        )
        for row, before in pairs
        if before is not None or row.version == 1
    ]


def _address(usual: Side, row: ValueModel) -> str:
    """Return the address at which the usual window is compared at these prices and at the present ones."""
    return address_of(row.model, Kind.VALUE, replace(usual, value_model=row.version), usual)


def _changes(before: ValueModel, after: ValueModel) -> Iterator[str]:
    for name, words in FIELDS.items():
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            yield f"{words}: {_said(was)} → {_said(now)}"
    if before.is_per_amount != after.is_per_amount:
        yield "for each unit of the amount" if after.is_per_amount else "for each decision"
    yield from _cells(before, after)
    yield from _prices(before.prices, after.prices)
    if before.statement != after.statement:
        yield "what the amounts stand for"


def _cells(before: ValueModel, after: ValueModel) -> Iterator[str]:
    labels = after.model.class_labels
    for predicted, row in after.matrix.items():
        for truth, amount in row.items():
            was = before.matrix.get(predicted, {}).get(truth)
            if was is None or Decimal(str(was)) != Decimal(str(amount)):
                said, true = labels.get(predicted, predicted), labels.get(truth, truth)
                yield f"“{said}” where “{true}” is true: {_said(was)} → {_said(amount)}"


def _prices(before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        was, now = before.get(name), after.get(name)
        if (was is None) != (now is None) or (was is not None and now is not None and Decimal(was) != Decimal(now)):
            yield f"price of {name}: {_said(was)} → {_said(now)}"


def _said(value: object) -> str:
    if value is None:
        return "none"
    try:
        return written(Decimal(str(value))).replace("-", "−")
    except ArithmeticError:
        return str(value)


def _shortened(changes: list[str]) -> list[str]:
    more = len(changes) - MOST_CHANGES
    return [*changes[:MOST_CHANGES], f"and {more} more"] if more > 0 else changes
