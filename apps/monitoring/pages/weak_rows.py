"""Slices in which the model is weak, in words and with what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apps.common.charts import Dot, Line, Mark, Plot, Scale
from apps.common.numerals import count, fixed
from apps.monitoring.models import Series, WeakSearch
from apps.monitoring.pages.days_seen import Seen
from apps.monitoring.services import drafting

WIDTH, HEIGHT = 200, 28
MONTH = 30
SHOWN = 6


@dataclass(frozen=True)
class WeakRow:
    """One slice: who, how often right with the range, its share of all predictions, and its cost."""

    who: str
    right: str
    likely: str
    share: str
    money: str
    plot: Plot
    draft: dict[str, Any] | None


@dataclass(frozen=True)
class Weak:
    """What the newest search found."""

    n: int
    code: str
    rest: str
    rows: list[WeakRow]


def weak_rows(seen: Seen, search: WeakSearch | None) -> Weak | None:
    """Describe the newest search; None before the first, and for a model of numbers."""
    if search is None or seen.model.is_regression:
        return None
    slices = search.slices[:SHOWN]
    ends = [1 - each[side][end] for each in slices for side in ("error", "rest") for end in ("low", "high")]
    scale = Scale(min(ends, default=0.0), max(ends, default=1.0), 6, WIDTH - 6)
    rest = slices[0]["rest"] if slices else None
    text = f"{_right(rest['value'])} ({_right(rest['high'])} to {_right(rest['low'])})" if rest else ""
    return Weak(search.n, search.code, text, [_row(seen, each, scale) for each in slices])


def _right(error: float) -> str:
    return fixed(100 * (1 - error), 1)


def _row(seen: Seen, found: dict[str, Any], scale: Scale) -> WeakRow:
    error, parts = found["error"], [_named(seen, part) for part in found["parts"]]
    low, high = 1 - error["high"], 1 - error["low"]
    return WeakRow(
        who=" and ".join(parts),
        right=_right(error["value"]),
        likely=f"{fixed(100 * low, 1)} to {fixed(100 * high, 1)}",
        share=f"{fixed(100 * found['share'], 1)} %",
        money=_money(seen, found),
        plot=_plot(scale, 1 - error["value"], low, high, 1 - found["rest"]["value"]),
        draft=drafting.draft(seen.model, found["parts"], seen.series, origin=_origin(found)),
    )


def _origin(found: dict[str, Any]) -> str:
    error, rest = (round(100 * found[side]["value"]) for side in ("error", "rest"))
    return f"Weak spot: wrong in {error} of 100, elsewhere in {rest}"


def _named(seen: Seen, part: dict[str, Any]) -> str:
    series: Series | None = seen.series.get((part["stage"], part["name"]))
    label = seen.names.label(part["stage"], part["name"])
    return label if series is None else f"{label}: {seen.names.bins(series, part['bins'])}"


def _money(seen: Seen, found: dict[str, Any]) -> str:
    """What the slice's extra errors cost in a month, with the range; empty without a price."""
    expectation = seen.expectation
    if expectation is None or expectation.price is None or not (found["difference"] or {}).get("value"):
        return ""
    cells = seen.days.of(expectation.cell).sum(axis=0)
    price = float(cells @ expectation.price) / max(float(cells.sum()), 1.0)
    a_month = float(seen.days.rows.sum()) / max(len(seen.days.counts), 1) * MONTH
    times = price * a_month * found["share"]
    value = expectation.value_model
    low, middle, high = sorted(times * max(found["difference"][end], 0.0) for end in ("low", "value", "high"))
    return f"{count(middle)} {value.currency if value else ''} ({count(low)} to {count(high)})"


def _plot(scale: Scale, value: float, low: float, high: float, rest: float) -> Plot:
    middle = HEIGHT / 2
    marks: Sequence[Mark] = (
        Line("base", scale.place(rest), 0, scale.place(rest), HEIGHT),
        Line("ink", scale.place(low), middle, scale.place(high), middle),
        Dot("ink", scale.place(value), middle, 4),
    )
    return Plot(WIDTH, HEIGHT, tuple(marks))
