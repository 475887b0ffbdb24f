"""What pushed the model, as bars from its usual answer to this one: as served, and with other values beside it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from apps.common.numerals import fixed, localized

MOST_BARS = 7
# Room at both ends of the picture, as a share of it.
MARGIN = 0.04
# Percent at which a scale of log-odds is labelled, where there is room.
TICKS = (1, 5, 20, 50, 80, 95, 99)
LEAST_GAP = 14.0


@dataclass(frozen=True)
class Span:
    """A bar from one place to another, in percent of the picture's width."""

    start: float
    end: float

    @property
    def left(self) -> float:
        return min(self.start, self.end)

    @property
    def width(self) -> float:
        return max(0.3, round(abs(self.end - self.start), 2))


@dataclass(frozen=True)
class Bar:
    """A feature's push: as served, and now if values were changed."""

    name: str
    label: str
    meaning: str
    # What the value was, if it was changed.
    before: str
    push: float
    change: float | None
    served: Span
    now: Span | None

    @property
    def is_towards(self) -> bool:
        return self.push >= 0

    @property
    def push_words(self) -> str:
        return _signed(self.push)

    @property
    def change_words(self) -> str:
        return "" if self.change is None else _signed(self.change)


@dataclass(frozen=True)
class Bars:
    """The bars, largest as served first, and the places of the usual answer and of both ends."""

    bars: list[Bar] = field(default_factory=list)
    base: float = 0.0
    served_end: float = 0.0
    now_end: float | None = None
    # The usual answer and both ends in words, if the units tell.
    base_words: str = ""
    served_words: str = ""
    now_words: str = ""
    # Where an even answer lies, if the units tell.
    even: float | None = None
    ticks: list[tuple[float, str]] = field(default_factory=list)


Words = Callable[[str], tuple[str, str, str]]


def draw(
    served: Mapping[str, float], now: Mapping[str, float] | None, *, base: float, words: Words, is_log_odds: bool
) -> Bars:
    """Lay out the pushes of the largest features and the sum of the others.

    `words` gives a feature's label, its value and, if it was changed, what it was.
    """
    names = sorted(served, key=lambda name: -max(abs(served[name]), abs((now or served).get(name, 0.0))))
    # A rest of one takes a line anyway.
    shown = names if len(names) <= MOST_BARS + 1 else names[:MOST_BARS]
    rest = names[len(shown) :]
    lines = [(name, served[name], None if now is None else now.get(name, 0.0)) for name in shown]
    if rest:
        others = sum(served[name] for name in rest)
        lines.append(("", others, None if now is None else sum(now.get(name, 0.0) for name in rest)))
    stops = [base, *_stops(base, [push for _, push, _ in lines])]
    now_stops = [] if now is None else [base, *_stops(base, [push or 0.0 for *_, push in lines])]
    place = _scale([*stops, *now_stops])
    bars = []
    for at, (name, push, other) in enumerate(lines):
        label, meaning, before = words(name) if name else (f"{len(rest)} others", "together", "")
        span = Span(place(stops[at]), place(stops[at + 1]))
        moved = Span(place(now_stops[at]), place(now_stops[at + 1])) if now_stops else None
        value, change = (push, None) if other is None else (other, other - push)
        bars.append(Bar(name, label, meaning, before, value, change, span, moved))
    low, high = min([*stops, *now_stops]), max([*stops, *now_stops])
    return Bars(
        bars=bars,
        base=place(base),
        served_end=place(stops[-1]),
        now_end=place(now_stops[-1]) if now_stops else None,
        base_words=_percent(base) if is_log_odds else "",
        served_words=_percent(stops[-1]) if is_log_odds else "",
        now_words=_percent(now_stops[-1]) if is_log_odds and now_stops else "",
        even=place(0.0) if is_log_odds and low <= 0 <= high else None,
        ticks=_ticks(place, low, high) if is_log_odds else [],
    )


def _signed(number: float) -> str:
    """Write a push with its sign, two decimals or three digits: +0.31, −1,240."""
    text = f"{abs(number):.2f}" if abs(number) < 100 else f"{abs(number):,.0f}"
    sign = "" if not text.strip("0.") else "+" if number > 0 else "−"
    return f"{sign}{localized(text)}"


def _percent(odds: float) -> str:
    share = 1 / (1 + math.exp(-min(700.0, max(-700.0, odds))))
    return f"{fixed(100 * share, 0 if 0.01 <= share <= 0.99 else 1)} %"


def _stops(base: float, pushes: Sequence[float]) -> list[float]:
    total, stops = base, []
    for push in pushes:
        total += push
        stops.append(total)
    return stops


def _scale(stops: Sequence[float]) -> Callable[[float], float]:
    low, high = min(stops), max(stops)
    if high <= low:
        return lambda _: 50.0
    width = 100 * (1 - 2 * MARGIN)
    return lambda stop: round(100 * MARGIN + width * (stop - low) / (high - low), 2)


def _ticks(place: Callable[[float], float], low: float, high: float) -> list[tuple[float, str]]:
    found: list[tuple[float, str]] = []
    for percent in TICKS:
        odds = math.log(percent / (100 - percent))
        if low <= odds <= high and (not found or place(odds) - found[-1][0] >= LEAST_GAP):
            found.append((place(odds), f"{percent} %"))
    return found
