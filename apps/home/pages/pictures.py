"""The small pictures of a row: a dot with its range on the axis of all rows, and a course of eight weeks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.common.charts import number_label, ticks
from apps.home.services.portfolio import Row
from apps.reports.services.weekly import Week
from apps.stats.independent import Ranged

# Beyond the outermost figures, in percent of the width.
AIR = 5.0
# A label of the axis takes so much of the width.
ROOM = 24.0
WIDTH, HEIGHT, EDGE = 132.0, 40.0, 4.0
# Each course of a share is so tall, or taller where its figures are further apart; of other figures, half their size.
POINTS, OF_SIZE = 0.2, 0.5


@dataclass(frozen=True)
class Tick:
    """A place on the axis, in percent of its width."""

    x: float
    text: str


@dataclass(frozen=True)
class Axis:
    """Places amounts of one currency, in percent of the width."""

    low: float
    high: float
    symbol: str

    @classmethod
    def around(cls, rows: Iterable[Row], *, symbol: str) -> "Axis":
        ends = [0.0]
        for row in rows:
            ends += [row.worth.low, row.worth.high] if row.worth else []
            ends += [row.before.value] if row.before else []
        low, high = min(ends), max(ends)
        return cls(low, high if high > low else low + 1.0, symbol)

    def place(self, value: float) -> float:
        return round(AIR + (value - self.low) / (self.high - self.low) * (100 - 2 * AIR), 2)

    @property
    def ticks(self) -> list[Tick]:
        """Zero, and one or two others that have room."""
        found = [value for value in ticks(self.low, self.high, 2) if abs(self.place(value) - self.place(0.0)) > ROOM]
        return [
            Tick(self.place(value), number_label(value, self.symbol if value else "")) for value in (0.0, *found[-2:])
        ]


@dataclass(frozen=True)
class Picture:
    """A figure of the month with its range, and that of the month before, in percent of the width."""

    zero: float
    low: float
    high: float
    value: float
    before: float | None


def picture(row: Row, axis: Axis) -> Picture | None:
    if row.worth is None:
        return None
    low, high, value = (axis.place(each) for each in (row.worth.low, row.worth.high, row.worth.value))
    return Picture(axis.place(0.0), low, high, value, axis.place(row.before.value) if row.before else None)


@dataclass(frozen=True)
class Course:
    """A line with its band, in pixels, and its last point."""

    band: str
    line: str
    x: float
    y: float
    is_open: bool
    label: str


def course(weeks: Sequence[Week], *, is_share: bool, texts: tuple[str, str]) -> Course | None:
    """Draw the weeks; `texts` are the first and the last figure as people read them."""
    if not weeks:
        return None
    figures = [week.figure for week in weeks]
    low, high = _scale(figures, is_share=is_share)

    def y(value: float) -> float:
        inside = min(max(value, low), high)
        return round(HEIGHT - EDGE - (inside - low) / (high - low) * (HEIGHT - 2 * EDGE), 1)

    step = (WIDTH - 4 * EDGE) / max(len(weeks) - 1, 1)
    places = [round(2 * EDGE + index * step, 1) for index in range(len(weeks))]
    upper = [f"{x},{y(figure.high)}" for x, figure in zip(places, figures, strict=True)]
    lower = [f"{x},{y(figure.low)}" for x, figure in zip(places, figures, strict=True)]
    line = [f"{x},{y(figure.value)}" for x, figure in zip(places, figures, strict=True)]
    number = f"{len(weeks)} weeks, from {texts[0]} to {texts[1]}" if len(weeks) > 1 else f"One week, {texts[0]}"
    band = " ".join([*upper, *reversed(lower)])
    return Course(band, " ".join(line), places[-1], y(figures[-1].value), weeks[-1].is_open, number)


def _scale(figures: Sequence[Ranged], *, is_share: bool) -> tuple[float, float]:
    values = [figure.value for figure in figures]
    middle = (min(values) + max(values)) / 2
    usual = POINTS if is_share else OF_SIZE * abs(middle)
    tall = max(usual, 1.1 * (max(values) - min(values))) or 1.0
    low = middle - tall / 2
    # No share is above 1 or below 0.
    low = max(min(low, 1.0 - tall), 0.0) if is_share else low
    return low, low + tall
