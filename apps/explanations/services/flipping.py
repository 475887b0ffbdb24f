"""The smallest change of one input that changes the answer.

A number's change is as large as the share of seen values in between; a category's, as its new value is rare. So changes
of different inputs compare, whatever their units.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.explanations.engine.running import Child, Scored
from apps.registry.models.features import code_of

# Halvings of the last step of a number that is not whole.
HALVINGS = 12


@dataclass(frozen=True)
class Tried:
    """A row, what the model says of it, and of each other value of its inputs."""

    row: dict[str, Any]
    predicted: str | float | None
    grids: Mapping[str, Sequence[Any]]
    curves: Mapping[str, Sequence[Scored]]
    # See `seen.values_of`.
    seen: Mapping[str, Any]


@dataclass(frozen=True)
class _Flip:
    size: float
    name: str
    value: Any
    scored: Scored


def smallest(child: Child, tried: Tried, *, allowed: Sequence[str]) -> dict[str, Any] | None:
    """Return the smallest single change of an allowed input that flips the answer: {"feature", "value", "score", …}.

    None if no single change does, or the prediction is a number.
    """
    if not isinstance(tried.predicted, str):
        return None
    found = min(_flips(tried, allowed), key=lambda each: (each.size, each.name), default=None)
    if found is None:
        return None
    value, scored = found.value, found.scored
    own, known = tried.row.get(found.name), tried.seen.get(found.name, {})
    if "points" in known and not known["is_whole"] and isinstance(own, int | float):
        value, scored = _closest(child, tried.row, found)
    return {"feature": found.name, "value": value, "score": scored.score, "predicted": scored.predicted}


def _flips(tried: Tried, allowed: Sequence[str]) -> Iterator[_Flip]:
    for name in allowed:
        for value, scored in zip(tried.grids.get(name, ()), tried.curves.get(name, ()), strict=True):
            if value is not None and scored.predicted not in (None, tried.predicted):
                yield _Flip(_size(tried.seen.get(name, {}), tried.row.get(name), value), name, value, scored)


def _size(known: Mapping[str, Any], own: Any, value: Any) -> float:
    if "points" in known and isinstance(own, int | float):
        low, high = sorted((float(own), float(value)))
        between = sum(low < float(point) <= high for point in known["points"])
        return between / max(1, len(known["points"]))
    counts = {code_of(each): count for each, count in known.get("values", [])}
    return float(1 - counts.get(code_of(value), 0) / max(1, known.get("rows", 0)))


def _closest(child: Child, row: dict[str, Any], flip: _Flip) -> tuple[float, Scored]:
    """Halve the step between the row's own value and the one that flips, towards its own."""
    own, far, best = float(row[flip.name]), float(flip.value), flip.scored
    for _ in range(HALVINGS):
        middle = (own + far) / 2
        (scored,) = child.score([{**row, flip.name: middle}])
        if scored.predicted == best.predicted:
            far, best = middle, scored
        else:
            own = middle
    return far, best
