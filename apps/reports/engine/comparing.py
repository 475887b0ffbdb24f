"""Compare two windows or versions: figures side by side, their differences, and why the main one moved."""

from datetime import timedelta

import numpy as np

from apps.registry.models import ValueModel
from apps.reports.engine.causes import Measured, cause_of
from apps.reports.engine.comparison_document import (
    Difference,
    Moved,
    NamedPart,
    SideSection,
    Tried,
    Why,
)
from apps.reports.engine.dividing import Divider, Division, bounds_of
from apps.reports.engine.document import Figure, Figures
from apps.reports.engine.evidence import Evidence, Selection
from apps.stats.comparison.decomposition import Decomposition, Part, correlation, decompose, sum_of_totals
from apps.stats.comparison.differences import difference_of
from apps.stats.comparison.partitions import choose_partition
from apps.stats.estimate import Estimate


def section_of(
    evidence: Evidence, selection: Selection, figures: Figures, *, value_model: ValueModel | None
) -> SideSection:
    days = selection.days if selection.cells.empty else frozenset(selection.cells["day"])
    is_whole = not evidence.closed or not days
    return {
        "start": evidence.start.isoformat(),
        "end": evidence.end.isoformat(),
        "version": evidence.version.name if evidence.version else None,
        "value_model": value_model.version if value_model else None,
        "part": "all" if is_whole else "closed",
        "first": evidence.start.isoformat() if is_whole else min(days).isoformat(),
        "until": evidence.end.isoformat() if is_whole else (max(days) + timedelta(days=1)).isoformat(),
        "n": int(selection.size),
        "state": selection.state if selection.cohorts else "final",
        "figures": figures,
    }


def measure(section: SideSection, divider: Divider, *, own: Divider, repriced: Divider | None) -> Measured:
    """Divide one side. `divider` values decisions at the mean of both prices, `own` at those of this side."""
    divisions = list(divider.divisions())
    banded = [division for division in divisions if division.kind in ("score", "level")]
    values = {value for division in banded for value in division.values}
    return Measured(
        section=section,
        quantity=divider.quantity,
        own=own.whole(),
        repriced=repriced.whole() if repriced else None,
        divisions=divisions,
        days=divider.days,
        bounds={value: bounds_of(divider.evidence, int(value)) for value in values},
    )


def differences(first: Figures, second: Figures, *, shared: float = 0.0) -> dict[str, Difference]:
    """Compute second − first of every figure that both have; `shared` is the correlation of their estimates."""
    found = {}
    for metric in second:
        if metric in first:
            moved = difference_of(_estimate(first[metric]), _estimate(second[metric]), correlation=shared)
            found[metric] = _difference(moved)
    return found


def correlation_of(first: Measured, second: Measured) -> float:
    """Return how the figures of both sides are correlated, through the labels that they share."""
    return correlation(first.own.side, second.own.side) if first.own and second.own else 0.0


def shared_size(first: Measured, second: Measured) -> int:
    """Count the predictions that both sides hold."""
    sides = [measured.own.side for measured in (first, second) if measured.own]
    return round(sum(float(side.shared.sum()) for side in sides))


def explain(first: Measured, second: Measured, lead: Difference, *, hidden: frozenset[str] = frozenset()) -> Why | None:
    """Explain the difference by the division that explains most, leaving out some slices; None without any."""
    pairs = [pair for pair in _pairs(first, second) if pair[0].name not in hidden or pair[0].kind != "slice"]
    if not pairs or first.own is None or second.own is None or first.quantity is None:
        return None
    is_total = first.quantity.is_total
    found = [decompose(one.side, other.side, is_total=is_total) for one, other in pairs]
    choice = choose_partition(found)
    chosen, (one, other) = found[choice.place], pairs[choice.place]
    whole = decompose(first.own.side, second.own.side, is_total=is_total).difference
    return {
        "difference": _whole(whole, lead),
        "parts": _parts(chosen, first, second),
        "cause": cause_of(chosen, one, other, first, second, is_beyond_chance=choice.is_beyond_chance),
        "tried": [_tried(pair[0], each) for pair, each in zip(pairs, found, strict=True)],
    }


def _pairs(first: Measured, second: Measured) -> list[tuple[Division, Division]]:
    """Match the divisions of both sides, and put the groups of each pair in one order."""
    others = {(division.kind, division.name): division for division in second.divisions}
    return [_aligned(one, others[one.kind, one.name]) for one in first.divisions if (one.kind, one.name) in others]


def _aligned(one: Division, other: Division) -> tuple[Division, Division]:
    values = tuple(sorted({*one.values, *other.values}, key=_number_or_name))
    place = {value: index for index, value in enumerate(values)}
    aligned = []
    for division in (one, other):
        at = np.array([place[value] for value in division.values], dtype=np.int64)
        by_day = np.zeros((len(division.by_day), len(values)))
        by_day[:, at] = division.by_day
        side = division.side.placed(at, groups=len(values))
        aligned.append(Division(division.kind, division.name, values, side, by_day))
    return aligned[0], aligned[1]


def _number_or_name(value: str) -> tuple[int, str]:
    return (int(value), "") if value.isdecimal() else (-1, value)


def _parts(found: Decomposition, first: Measured, second: Measured) -> list[NamedPart]:
    parts: list[NamedPart] = []
    if found.volume is not None:
        parts.append({"name": "volume", **_moved(found.volume)})
    parts.append({"name": "mix", **_moved(found.mix)})
    parts.append({"name": "right", **_moved(found.right)})
    if first.repriced is not None and second.repriced is not None:
        repriced = sum_of_totals(first.repriced.side, second.repriced.side, factor=0.5)
        parts.append({"name": "value_model", **_moved(repriced)})
    return parts


def _tried(division: Division, found: Decomposition) -> Tried:
    return {"kind": division.kind, "name": division.name, "mix": found.mix.value, "right": found.right.value}


def _whole(part: Part, lead: Difference) -> Moved:
    """Give the whole the range that it has beside the figures, which allows for shares near their ends."""
    moved = _moved(part)
    if lead["low"] is not None and lead["high"] is not None:
        moved["low"], moved["high"] = lead["low"], lead["high"]
        if lead["method"] == "exact":
            # Sums round: the parts of a counted difference add up to it but for the last digits.
            moved["value"] = lead["low"]
        moved["chance_low"] = min(moved["chance_low"], lead["low"])
        moved["chance_high"] = max(moved["chance_high"], lead["high"])
    return moved


def _moved(part: Part) -> Moved:
    return {
        "value": part.value,
        "low": part.low,
        "high": part.high,
        "chance_low": part.chance_low,
        "chance_high": part.chance_high,
    }


def _difference(moved: Estimate) -> Difference:
    return {
        "value": moved.value,
        "low": moved.low,
        "high": moved.high,
        "method": moved.method,
        "code": moved.code,
    }


def _estimate(figure: Figure) -> Estimate:
    code = figure["code"] if figure["value"] is not None or figure["code"] else "failed"
    return Estimate(figure["value"], figure["low"], figure["high"], figure["method"], figure["n"], code=code)
