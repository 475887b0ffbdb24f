"""Charts as numbers: scales, ticks and marks, laid out in pixels.

Templates draw them (components/charts), css/charts.css colors them, and a table beside each has its figures.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10, sqrt
from typing import ClassVar

from apps.common.numerals import localized

WIDE, COLUMN, PHONE = 720, 448, 358  # pixels: the page, half of it, a phone
CHARACTER = 7.6  # pixels in the widest of the fonts of the pages; the reader's is not known here
PADDING = 8  # between a label and what it belongs to
PERCENT = 4  # what a percent sign or an M is wider than a digit
BASELINE = 4  # from the middle of a line of text down to its baseline
MAGNITUDES = ((1e9, "B"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True)
class Line:
    """A straight line."""

    kind: ClassVar = "line"
    css: str
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True)
class Rect:
    """A filled rectangle."""

    kind: ClassVar = "rect"
    css: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Dot:
    """A round mark."""

    kind: ClassVar = "dot"
    css: str
    x: float
    y: float
    radius: float = 5


@dataclass(frozen=True)
class Path:
    """A line through points; an area where it is closed."""

    kind: ClassVar = "path"
    css: str
    points: tuple[tuple[float, float], ...]
    is_closed: bool = False

    @property
    def shape(self) -> str:
        """The points as SVG has them: a template's loop would take most of a page's time."""
        return " ".join(f"{x},{y}" for x, y in self.points)


@dataclass(frozen=True)
class Text:
    """Words at a point; `anchor` says which end of them stands there."""

    kind: ClassVar = "text"
    css: str
    x: float
    y: float
    text: str
    anchor: str = "start"  # start, middle, end


Mark = Line | Rect | Dot | Path | Text


@dataclass(frozen=True)
class Plot:
    """Marks in the order in which they are painted, in pixels from the top left."""

    width: int
    height: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Chart:
    """The same figures laid out for a wide page, for a phone, and for paper where a page is wider than that."""

    title: str
    description: str
    wide: Plot
    phone: Plot
    paper: Plot | None = None


@dataclass(frozen=True)
class Scale:
    """Places values from `low` to `high` between the pixels `start` and `end`."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 1)

    def ticks(self, about: int) -> list[float]:
        return ticks(self.low, self.high, about)


def tick_step(span: float, about: int) -> float:
    """The distance of 1, 2 or 5 times a power of ten that divides `span` into about so many parts.

    >>> tick_step(80, 5), tick_step(0.3, 4), tick_step(3.4e6, 5)
    (20.0, 0.1, 500000.0)
    """
    raw = span / about
    power = 10.0 ** floor(log10(raw))
    excess = raw / power
    factor = 10 if excess >= sqrt(50) else 5 if excess >= sqrt(10) else 2 if excess >= sqrt(2) else 1
    return float(f"{factor * power:.10g}")


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round values from `low` to `high`.

    >>> ticks(0.18, 1.0, 5)
    [0.2, 0.4, 0.6, 0.8, 1.0]
    """
    step = tick_step(high - low, about)
    return [float(f"{n * step:.10g}") for n in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def round_top(value: float, about: int) -> float:
    """The first tick that is not below `value`, on an axis from zero.

    >>> round_top(37, 4), round_top(213_000, 4), round_top(0, 4)
    (40.0, 250000.0, 1.0)
    """
    if value <= 0:
        return 1.0
    step = tick_step(value, about)
    return float(f"{ceil(value / step - 1e-9) * step:.10g}")


def number_label(value: float, prefix: str = "") -> str:
    """A number on an axis.

    >>> number_label(250_000, "$"), number_label(-1.5e6, "€"), number_label(0.2), number_label(0)
    ('$250k', '−€1.5M', '0.2', '0')
    """
    size, letter = next((each for each in MAGNITUDES if abs(value) >= each[0]), (1, ""))
    return f"{'−' if value < 0 else ''}{prefix}{localized(f'{abs(value) / size:.10g}')}{letter}"


def percent_label(value: float) -> str:
    """
    >>> percent_label(0.825), percent_label(-0.05), percent_label(0.9999999)
    ('82.5%', '−5%', '99.99999%')
    """
    return f"{number_label(float(f'{value * 100:.10g}'))}%"


def room_for(labels: Iterable[str]) -> float:
    """The pixels that the longest of the labels takes, with its padding."""
    return max((len(label) for label in labels), default=0) * CHARACTER + PERCENT + PADDING


def shortened(name: str, longest: int) -> str:
    """Cut a name of a group to so many characters: before its colon first, for what follows tells groups apart.

    >>> shortened("Relation: Brother or sister", 24), shortened("A long name of a group", 12)
    ('Rela…: Brother or sister', 'A long name…')
    """
    if len(name) <= longest:
        return name
    of, _, value = name.partition(": ")
    room = longest - len(value) - len("…: ")
    if value and room >= len("Age"):
        return f"{of[:room].rstrip()}…: {value}"
    return f"{(value or name)[: longest - 1].rstrip()}…" if len(value or name) > longest else value


def rows_of_ticks(scale: Scale, label: Callable[[float], str], *, about: int, left: float, right: float) -> list[Mark]:
    """Horizontal lines from `left` to `right`, each with its value to the left of it."""
    marks: list[Mark] = []
    for value in scale.ticks(about):
        y = scale.place(value)
        marks.append(Line("grid", left, y, right, y))
        marks.append(Text("tick", left - PADDING, y + BASELINE, label(value), "end"))
    return marks


def centered(css: str, x: float, y: float, text: str, *, left: float, right: float) -> Text:
    """Text around `x`, moved inward where it would pass `left` or `right`."""
    half = len(text) * CHARACTER / 2
    if x - half < left:
        return Text(css, left, y, text)
    return Text(css, right, y, text, "end") if x + half > right else Text(css, x, y, text, "middle")


def spaced(labels: Sequence[str], *, step: float, least: float) -> list[int]:
    """The labels that have room `step` pixels apart, counted from the newest, which always has its own."""
    every = max(1, ceil(least / step))
    return [index for index in range(len(labels)) if (len(labels) - 1 - index) % every == 0]
