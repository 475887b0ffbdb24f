"""The layout of a report as people see it, on the page and in print alike."""

from dataclasses import dataclass, field

Facts = list[tuple[str, str]]
# Sections of the value page.
BESIDE = {"losses", "cannot_say"}
FOLDED = {"sums", "worth", "sample"}


@dataclass(frozen=True)
class Key:
    """A large figure with its range; without a figure, `text` is empty and `note` says why."""

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
    """A row of a table; `aside` is a technical name or a condition, in small print."""

    name: str
    cells: list[Cell]
    aside: str = ""


@dataclass(frozen=True)
class Table:
    """A table with its caption; the first entry of `head` stands above the names of the rows."""

    caption: str
    head: list[str]
    rows: list[Row]

    @property
    def lines(self) -> list[tuple[Row, list[tuple[Cell, str]]]]:
        """Each row with its cells, each cell with the title of its column."""
        return [(row, list(zip(row.cells, self.head[1:], strict=True))) for row in self.rows]


@dataclass(frozen=True)
class ChartText:
    """The words of the chart of this name: its message, and its figures, whose caption is its title."""

    name: str
    description: str
    figures: Table


@dataclass(frozen=True)
class Section:
    """A part of the page under its own heading; its empty fields are left out."""

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
        """Sections beside the chart over time, on pages of two columns."""
        return [section for section in self.sections if section.name in BESIDE]

    @property
    def below(self) -> list[Section]:
        """Sections below the two columns."""
        return [section for section in self.sections if section.name not in {"by_time", *BESIDE, *FOLDED}]

    @property
    def folded(self) -> list[Section]:
        """Sections that most readers skip, closed until opened."""
        return [section for section in self.sections if section.name in FOLDED]

    @property
    def by_name(self) -> dict[str, Section]:
        return {section.name: section for section in self.sections}
