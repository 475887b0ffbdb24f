"""The groups of cases behind a difference, and the days on which they came."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from apps.reports.engine.comparison_document import Cause, GroupOfCases, SideSection, UnusualDays
from apps.reports.engine.dividing import Division, Quantity
from apps.stats.comparison.decomposition import Decomposition
from apps.stats.comparison.partitions import moved_groups, unusual_days

# Of the days of a window, an event takes at most this share; what lasts longer is no event.
LONGEST_EVENT = 0.6
# An event changes the share of its groups by at least this much, and the rest of the window shows at most half of it.
LEAST_EVENT = 0.1


@dataclass(frozen=True, eq=False)
class Measured:
    """One side, measured: what the comparison keeps of its evidence."""

    section: SideSection
    # Of the quantity that is explained; empty where there is none.
    quantity: Quantity | None = None
    # All predictions as one group, at the prices of this side, and their change to the other's where these differ.
    own: Division | None = None
    repriced: Division | None = None
    divisions: list[Division] = field(default_factory=list)
    days: list[date] = field(default_factory=list)
    bounds: dict[str, list[float | None]] = field(default_factory=dict)

    @property
    def metric(self) -> str:
        return self.quantity.metric if self.quantity else ""


def cause_of(
    found: Decomposition,
    one: Division,
    other: Division,
    first: Measured,
    second: Measured,
    *,
    is_beyond_chance: bool,
) -> Cause:
    """Describe the division by which the difference is explained, and the groups whose share moved."""
    moved = moved_groups(found.share)
    bounds = first.bounds | second.bounds if one.kind in ("score", "level") else {}
    share = [float(side[list(moved)].sum()) for side in found.share]
    return {
        "kind": one.kind,
        "name": one.name,
        "is_beyond_chance": is_beyond_chance,
        "groups": [_group(found, place, value, bounds.get(value)) for place, value in enumerate(one.values)],
        "moved": [one.values[place] for place in moved],
        "share": share,
        "days": _unusual(found, (one, other), (first, second), list(moved), share) if moved else None,
    }


def _group(found: Decomposition, place: int, value: str, bounds: list[float | None] | None) -> GroupOfCases:
    sizes = found.size[:, place]
    group: GroupOfCases = {
        "value": value,
        "n": [round(float(size)) for size in sizes],
        "share": [float(share) for share in found.share[:, place]],
        "mean": [float(mean) if size > 0 else None for mean, size in zip(found.mean[:, place], sizes, strict=True)],
        "mix": float(found.by_mix[place]),
        "right": float(found.by_right[place]),
    }
    return group if bounds is None else {**group, "bounds": bounds}


def _unusual(
    found: Decomposition,
    pair: tuple[Division, Division],
    sides: tuple[Measured, Measured],
    moved: list[int],
    share: list[float],
) -> UnusualDays | None:
    """Find the days that made the difference, in the window whose other days are as usual."""
    for place in (1, 0):
        n, inside = pair[place].by_day.sum(axis=1), pair[place].by_day[:, moved].sum(axis=1)
        usual = share[1 - place]
        stretch = unusual_days(n, inside, usual=usual)
        if stretch is None or stretch.last - stretch.first + 1 > LONGEST_EVENT * len(n) or not stretch.n:
            continue
        rest = float(n.sum()) - stretch.n
        elsewhere = (float(inside.sum()) - stretch.inside) / rest if rest else usual
        change = abs(stretch.inside / stretch.n - usual)
        if change < LEAST_EVENT or abs(elsewhere - usual) > abs(share[place] - usual) / 2:
            continue
        days, size = sides[place].days, found.size[place, moved]
        return {
            "side": place,
            "start": days[stretch.first].isoformat(),
            "end": (days[stretch.last] + timedelta(days=1)).isoformat(),
            "n": round(stretch.n),
            "inside": round(stretch.inside),
            "mean": float(size @ found.mean[place, moved] / size.sum()) if size.sum() else None,
        }
    return None
