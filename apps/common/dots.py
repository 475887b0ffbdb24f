"""Dots with their ranges, over time or by group."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from apps.common.charts import (
    BASELINE,
    PADDING,
    PHONE,
    WIDE,
    Dot,
    Line,
    Mark,
    Plot,
    Scale,
    Text,
    centered,
    room_for,
    rows_of_ticks,
    shortened,
    spaced,
)

HEIGHT, TOP, BOTTOM, MARGIN = 256, 24, 28, 20  # pixels: all, and what labels take above, below and to the right
ROW, ROW_UNDER_NAME = 30, 46  # from one group to the next
RADIUS = 5
LONGEST_NAME, LONGEST_WIDE = 28, 44  # characters beside a row, of half a page and of a page
AIR = 0.06  # of the spread, beyond its ends


@dataclass(frozen=True)
class Ranged:
    """One figure: hollow while it is open, without range where it is exact, no dot without a value."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    is_open: bool = False
    text: str = ""

    @property
    def ends(self) -> list[float]:
        return [end for end in (self.low, self.value, self.high) if end is not None]


@dataclass(frozen=True)
class Axis:
    """How the figures read: `has_zero` draws the line where the sign changes, shares end at `limit`."""

    label: Callable[[float], str]
    has_zero: bool = False
    limit: float | None = None


@dataclass(frozen=True)
class Reference:
    """A value to hold the groups against."""

    value: float
    text: str


def over_time(figures: Sequence[Ranged], axis: Axis, *, width: int) -> Plot:
    """One dot for each part of the window, the oldest left."""
    values = scale_around((end for figure in figures for end in figure.ends), axis, start=HEIGHT - BOTTOM, end=TOP)
    left, right = room_for(map(axis.label, values.ticks(5))), width - MARGIN
    step = (right - left) / len(figures)
    columns = [(round(left + (index + 0.5) * step, 1), figure) for index, figure in enumerate(figures)]
    marks = rows_of_ticks(values, axis.label, about=5, left=left, right=right)
    if axis.has_zero:
        marks.append(Line("zero", left, values.place(0), right, values.place(0)))
    names = [figure.label for figure in figures]
    dated = spaced(names, step=step, least=room_for(names))
    marks += [Text("tick", columns[index][0], HEIGHT - 6, names[index], "middle") for index in dated]
    for x, figure in columns:
        if figure.low is not None and figure.high is not None:
            marks.append(Line("range", x, values.place(figure.low), x, values.place(figure.high)))
        if figure.value is not None:
            marks.append(Dot(_css(figure), x, values.place(figure.value), min(RADIUS, round(step * 0.36, 1))))
    for x, figure in columns:
        if figure.text and figure.ends:
            above = values.place(max(figure.ends)) - RADIUS - BASELINE
            marks.append(centered("label", x, above, figure.text, left=0, right=width))
    return Plot(width, HEIGHT, tuple(marks))


def by_group(figures: Sequence[Ranged], axis: Axis, reference: Reference | None, *, width: int) -> Plot:
    """One row for each group that has a figure; on a phone, its name stands above it for want of room beside it."""
    figures = [figure for figure in figures if figure.value is not None]
    is_phone = width == PHONE
    longest = LONGEST_WIDE if width >= WIDE else LONGEST_NAME
    names = [figure.label if is_phone else shortened(figure.label, longest) for figure in figures]
    left, row = (RADIUS + 1, ROW_UNDER_NAME) if is_phone else (room_for(names) + RADIUS, ROW)
    bottom = TOP + row * len(figures)
    ends = [end for figure in figures for end in figure.ends] + ([reference.value] if reference else [])
    values = scale_around(ends, axis, start=left, end=width - MARGIN)
    marks = [*_columns_of_ticks(values, axis, bottom=bottom), *_reference(reference, values, bottom=bottom)]
    for index, (name, figure) in enumerate(zip(names, figures, strict=True)):
        y = TOP + row * (index + 1) - ROW / 2
        marks += [Line("grid", left, y, values.end, y), *_range(figure, values, y)]
        beside = Text("tick", left - RADIUS - PADDING, y + BASELINE, name, "end")
        marks.append(Text("label", 0, y - 11, name) if is_phone else beside)
    return Plot(width, bottom + BOTTOM, tuple(marks))


def _range(figure: Ranged, scale: Scale, y: float) -> list[Mark]:
    marks: list[Mark] = []
    if figure.low is not None and figure.high is not None:
        marks.append(Line("range", scale.place(figure.low), y, scale.place(figure.high), y))
    if figure.value is not None:
        marks.append(Dot(_css(figure), scale.place(figure.value), y))
    return marks


def _columns_of_ticks(scale: Scale, axis: Axis, *, bottom: float) -> list[Mark]:
    marks: list[Mark] = []
    for value in scale.ticks(4):
        x = scale.place(value)
        marks.append(Line("zero" if axis.has_zero and value == 0 else "grid", x, TOP, x, bottom))
        marks.append(centered("tick", x, bottom + 20, axis.label(value), left=0, right=scale.end + MARGIN))
    return marks


def _reference(reference: Reference | None, scale: Scale, *, bottom: float) -> list[Mark]:
    if reference is None:
        return []
    x = scale.place(reference.value)
    words = centered("tick", x, TOP - 10, reference.text, left=0, right=scale.end + MARGIN)
    return [Line("reference", x, TOP - 5, x, bottom), words]


def scale_around(ends: Iterable[float], axis: Axis, *, start: float, end: float) -> Scale:
    """From the lowest of these values to the highest, with a little air, and zero where the sign matters."""
    ends = [*ends, *([0.0] if axis.has_zero else [])]
    air = (max(ends) - min(ends)) * AIR or abs(max(ends)) * AIR or 1.0
    low = min(ends) - (0 if axis.has_zero and min(ends) == 0 else air)
    high = max(ends) + (0 if axis.has_zero and max(ends) == 0 < -min(ends) else air)
    if axis.limit is not None:
        low, high = max(low, 0.0), min(high, axis.limit)
    return Scale(low, high, start, end)


def _css(figure: Ranged) -> str:
    return "point open" if figure.is_open else "point"
