"""Bar charts over time: series that stand on each other, and the rows of the table beside them."""

from dataclasses import dataclass
from datetime import date

from apps.common import dates
from apps.common.charts import (
    COLUMN,
    PHONE,
    Chart,
    Line,
    Mark,
    Plot,
    Rect,
    Scale,
    Text,
    number_label,
    room_for,
    round_top,
    rows_of_ticks,
)

HEIGHT, SMALL = 190, 110  # pixels
UNIT_ROOM, DATE_ROOM, MARGIN = 28, 24, 22  # above, below and to the right of the columns
GAP = 0.2  # of the distance between columns
DAYS_BETWEEN_DATES = 7


@dataclass(frozen=True)
class Bar:
    """One column: what each series adds to its height, what the table says of it, and its date on the axis."""

    label: str
    parts: tuple[float, ...]
    cells: tuple[str, ...]
    tick: str = ""


@dataclass(frozen=True)
class BarChart:
    """Columns over time, the oldest left. `series`: name and class of each."""

    title: str
    unit: str
    series: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    bars: tuple[Bar, ...]
    width: int = COLUMN
    height: int = HEIGHT

    @property
    def is_empty(self) -> bool:
        return not self.rows

    @property
    def rows(self) -> list[Bar]:
        """The table's rows: the columns that are not empty, the newest first."""
        return [bar for bar in reversed(self.bars) if any(bar.parts)]

    @property
    def top(self) -> float:
        """The upper end of the scale: a round number that no column exceeds."""
        return round_top(self._highest, self._about)

    @property
    def chart(self) -> Chart:
        return Chart(self.title, self._description, self._plot(self.width), self._plot(PHONE))

    @property
    def _highest(self) -> float:
        return max((sum(bar.parts) for bar in self.bars), default=0.0)

    @property
    def _about(self) -> int:
        """About how many lines the scale has; counts have none between whole numbers."""
        about = 2 if self.height == SMALL else 4
        is_count = all(float(part).is_integer() for bar in self.bars for part in bar.parts)
        return max(1, min(about, int(self._highest))) if is_count else about

    @property
    def _description(self) -> str:
        if self.is_empty:
            return f"{self.unit}: none."
        highest = max(self.rows, key=lambda bar: sum(bar.parts))
        return f"{self.unit}. Highest: {highest.label}. The figures are in the table below."

    def _plot(self, width: int) -> Plot:
        scale = Scale(0.0, self.top, self.height - DATE_ROOM, UNIT_ROOM)
        left, right = room_for(number_label(value) for value in scale.ticks(self._about)), width - MARGIN
        grid = rows_of_ticks(scale, number_label, about=self._about, left=left, right=right)
        unit = Text("unit", 0, 12, self.unit)
        base = Line("base", left, scale.start, right, scale.start)
        return Plot(width, self.height, (unit, *grid, *self._columns(scale, left=left, right=right), base))

    def _columns(self, scale: Scale, *, left: float, right: float) -> list[Mark]:
        step = (right - left) / max(len(self.bars), 1)
        marks: list[Mark] = []
        for index, bar in enumerate(self.bars):
            x, below = left + index * step, 0.0
            for (_, css), part in zip(self.series, bar.parts, strict=True):
                if part:
                    top, bottom = scale.place(below + part), scale.place(below)
                    height = round(bottom - top, 1)
                    marks.append(Rect(css, round(x + step * GAP / 2, 1), top, round(step * (1 - GAP), 1), height))
                below += part
            if bar.tick:
                marks.append(Text("tick", round(x + step / 2, 1), self.height - 6, bar.tick, "middle"))
        return marks


def date_tick(day: date, *, newest: date) -> str:
    """The day's name on the axis, once a week back from the newest."""
    return "" if (newest - day).days % DAYS_BETWEEN_DATES else dates.short(day)
