"""Bar charts for pages: heights in percent, drawn by a template; every picture has its figures in a table."""

from dataclasses import dataclass, field
from math import ceil, floor, log10

WIDTH = 100.0
GAP = 0.2
STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class Bar:
    """One column: what each series adds to its height, and what the table says of it."""

    label: str
    parts: tuple[float, ...]
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Rect:
    """A piece of a column, in a field of 100 × 100 with the origin at the top."""

    css: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Chart:
    """Columns over time, of series that stand on each other. `series`: name and class of each."""

    title: str
    unit: str
    series: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    bars: list[Bar] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not any(sum(bar.parts) for bar in self.bars)

    @property
    def top(self) -> float:
        """The upper end of the scale: a round number that no column exceeds."""
        return round_up(max((sum(bar.parts) for bar in self.bars), default=0.0))

    @property
    def top_label(self) -> str:
        return f"{self.unit}, up to {self.top:,.10g}"

    @property
    def rects(self) -> list[Rect]:
        step, top = WIDTH / max(len(self.bars), 1), self.top
        found = []
        for at, bar in enumerate(self.bars):
            below = 0.0
            for (_, css), part in zip(self.series, bar.parts, strict=True):
                below += part
                if part:
                    place = (at * step + step * GAP / 2, 100 - 100 * below / top, step * (1 - GAP), 100 * part / top)
                    found.append(Rect(css, *(f"{each:.3f}" for each in place)))
        return found

    @property
    def ends(self) -> tuple[str, str, str]:
        """The labels of the first, the middle and the last column."""
        return self.bars[0].label, self.bars[len(self.bars) // 2].label, self.bars[-1].label

    @property
    def told(self) -> list[Bar]:
        """The columns that the table tells, the newest first: those in which there was something."""
        return [bar for bar in reversed(self.bars) if any(bar.parts)]

    @property
    def alt(self) -> str:
        told = self.told
        if not told:
            return f"{self.title}: nothing."
        highest = max(told, key=lambda bar: sum(bar.parts))
        return f"{self.title}. Highest: {highest.label}. The figures are in the table below."


def round_up(value: float) -> float:
    """The next number of few digits that is not below.

    >>> round_up(37), round_up(0.2), round_up(1200), round_up(0)
    (40.0, 0.2, 1500.0, 1.0)
    """
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    step = next(each for each in STEPS if ceil(value / power * 1e9) <= each * 1e9)
    return float(f"{step * power:.10g}")


def seconds(value: float) -> str:
    """A duration as people say it.

    >>> seconds(0.04), seconds(1.26), seconds(42.2), seconds(150)
    ('0.04 s', '1.3 s', '42 s', '2 min 30 s')
    """
    if value >= 120:
        return f"{int(value // 60):,} min {round(value % 60)} s"
    return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s" if value >= 1 else f"{value:.2f} s"
