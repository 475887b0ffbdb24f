"""The parts of a report as they are shown, on the page and in print alike."""

from dataclasses import dataclass, field

Facts = list[tuple[str, str]]
# Of the value page.
BESIDE = {"losses", "cannot_say"}
FOLDED = {"sums", "worth", "sample"}


@dataclass(frozen=True)
class Key:
    """A large figure with its range; without one, `text` is empty and `note` says why."""

    label: str
    text: str
    note: str = ""
    facts: Facts = field(default_factory=list)
    # Only to compare with, and set back.
    is_aside: bool = False


@dataclass(frozen=True)
class Cell:
    """A figure in a table, its range below it."""

    text: str
    note: str = ""


@dataclass(frozen=True)
class Row:
    """`aside` is a technical name or a condition, smaller."""

    name: str
    cells: list[Cell]
    aside: str = ""


@dataclass(frozen=True)
class Table:
    """The first of `head` is over the rows' names."""

    caption: str
    head: list[str]
    rows: list[Row]

    @property
    def lines(self) -> list[tuple[Row, list[tuple[Cell, str]]]]:
        """Each row with its cells, each of these with the title that it stands under."""
        return [(row, list(zip(row.cells, self.head[1:], strict=True))) for row in self.rows]


@dataclass(frozen=True)
class ChartText:
    """What goes with the chart of this name: its message in words, and its figures, whose caption is its title."""

    name: str
    description: str
    figures: Table


@dataclass(frozen=True)
class Section:
    """A part under a heading of its own; whatever is empty is left out."""

    name: str
    title: str
    note: str = ""
    chart: ChartText | None = None
    table: Table | None = None
    sentences: list[str] = field(default_factory=list)
    facts: Facts = field(default_factory=list)
    how: Table | None = None


@dataclass(frozen=True)
class Sheet:
    """A report, ready to be shown."""

    title: str
    period: str
    state: str
    state_note: str
    lede: str
    basis: str
    keys: list[Key]
    sections: list[Section]

    @property
    def beside(self) -> list[Section]:
        """What stands beside the chart over time where there are two columns."""
        return [section for section in self.sections if section.name in BESIDE]

    @property
    def below(self) -> list[Section]:
        """What stands under the two columns."""
        return [section for section in self.sections if section.name not in {"by_time", *BESIDE, *FOLDED}]

    @property
    def folded(self) -> list[Section]:
        """What only some want to read, and which therefore waits to be opened."""
        return [section for section in self.sections if section.name in FOLDED]

    @property
    def by_name(self) -> dict[str, Section]:
        return {section.name: section for section in self.sections}
