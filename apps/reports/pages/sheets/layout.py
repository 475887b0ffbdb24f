"""The layout of a report as people see it, on the page and in print alike."""

from dataclasses import dataclass, field

Facts = list[tuple[str, str]]
# How figures were made, closed until opened; the caveats alone are open.
METHOD = {
    "cannot_say",
    "came_about",
    "measures",
    "further",
    "classes",
    "expected",
    "so_far",
    "second_opinions",
    "hindsight",
    "sample",
    "restated",
    "sums",
    "worth",
}
ALWAYS_OPEN = {"cannot_say"}


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
class Answer:
    """The one figure that answers a question, and why this one; without a figure, `text` is empty."""

    question: str
    text: str
    unit: str
    likely: str
    why: str
    before: str = ""
    is_open: bool = False


@dataclass(frozen=True)
class Field:
    """A count in the table of what was said and what came true, and the search that finds its cases."""

    text: str
    words: str
    note: str
    is_right: bool
    # In hundredths of the fullest field
    fullness: int
    query: str = ""
    cases: str = ""  # what the search finds, in words

    @property
    def step(self) -> int:
        """The fullness in one of eleven steps: a style sheet has no numbers from elsewhere."""
        return round(self.fullness / 10)


@dataclass(frozen=True)
class Head:
    """The name of a row or column, with its number of predictions."""

    title: str
    note: str = ""


@dataclass(frozen=True)
class Fields:
    """What was said, by row, and what came true, by column, with the figures of each at its margin."""

    caption: str
    columns: list[Head]
    rows: list[tuple[Head, list[Field], Head]]
    foot: list[Head]
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Cell:
    """A figure in a table, its range below it; what many cells have in common is said once, as a remark."""

    text: str
    note: str = ""
    remark: str = ""


@dataclass(frozen=True)
class Row:
    """A row of a table; `aside` is a technical name or a condition, in small print.

    `query` is the search that finds its cases.
    """

    name: str
    cells: list[Cell]
    aside: str = ""
    query: str = ""


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

    @property
    def opens_cases(self) -> bool:
        return any(row.query for row in self.rows)

    @property
    def remarks(self) -> list[str]:
        """What its cells say in a word, in full, each once."""
        return list(dict.fromkeys(cell.remark for row in self.rows for cell in row.cells if cell.remark))


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
    fields: Fields | None = None
    # Needs half of a wide page.
    is_half: bool = False

    @property
    def is_open(self) -> bool:
        """Among the sections on the method, whether it is open from the start."""
        return self.name in ALWAYS_OPEN


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
    answers: list[Answer] = field(default_factory=list)
    # What the columns of the answers are called: this window, and the one before where there is one.
    windows: tuple[str, str] = ("", "")

    @property
    def pictures(self) -> list[Section]:
        """Sections on what the model did."""
        return [section for section in self.sections if section.name not in METHOD]

    @property
    def picture_rows(self) -> list[list[Section]]:
        """The pictures row by row: two halves stand beside each other."""
        rows: list[list[Section]] = []
        for section in self.pictures:
            if section.is_half and rows and len(rows[-1]) == 1 and rows[-1][0].is_half:
                rows[-1].append(section)
            else:
                rows.append([section])
        return rows

    @property
    def method(self) -> list[Section]:
        """Sections on how the figures were made."""
        return [section for section in self.sections if section.name in METHOD]

    @property
    def by_name(self) -> dict[str, Section]:
        return {section.name: section for section in self.sections}
