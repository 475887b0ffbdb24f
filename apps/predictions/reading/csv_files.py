"""CSV files to raw rows: the model's schema gives each cell its type, and a row's index is its line."""

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain, count
from typing import IO, Any

import msgspec

from apps.common.spreadsheets import as_written
from apps.predictions.models import BatchKind
from apps.predictions.reading.bodies import Body
from apps.predictions.reading.choices import DELIMITERS, Choices
from apps.predictions.reading.columns import BadColumnsError
from apps.predictions.reading.decoding import MAX_ROW_BYTES, check_line
from apps.predictions.reading.mapping import Naming, put_together
from apps.predictions.reading.rejections import UnreadableRow
from apps.registry.models import MonitoredModel

# A cell with more line breaks has most likely lost its closing quote.
LINES_PER_ROW = 100
# Spreadsheets may put the delimiter before the names.
_DECLARED = "sep="
# Only our own export of labels has this column: in it, texts that look like formulas are escaped.
_OF_AN_EXPORT = "inclusion_probability"
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
# What Python makes of bytes that are no characters of the encoding.
_NO_CHARACTER = re.compile("[\udc80-\udcff]")
csv.field_size_limit(MAX_ROW_BYTES)

Reading = Callable[[str], Any]
# For each column its field, if it has one, and how to read its cells.
Readings = list[tuple[str | None, Reading]]
# A row's cells, or why it has none.
Cells = list[str] | str


class CsvFile:
    """A CSV file whose first line names the columns.

    A column without a name is called by its place: (column 3). A name's second column is called age (column 3).
    """

    def __init__(self, body: Body, choices: Choices) -> None:
        self.choices = choices
        self._lines = _lines(body, choices.encoding)
        first = next(self._lines, "")
        declared = first.rstrip("\r\n")
        self._skipped = 0
        if declared[:4].lower() == _DECLARED and len(declared) == len(_DECLARED) + 1:
            self._skipped, first = 1, next(self._lines, "")
        declared = declared[4:] if self._skipped else ""
        self.delimiter = choices.delimiter or declared or max(DELIMITERS, key=first.count)
        self.columns: list[str] = []
        self._records = self._read(chain([first], self._lines))
        names, self._header_lines, _ = next(self._records, ([], 0, ""))
        if isinstance(names, str):
            raise BadColumnsError(f"The first line does not name the columns: {names}")
        if not any(names):
            raise BadColumnsError("The first line names no columns.")
        self.columns = _named(names)
        self._is_escaped = _OF_AN_EXPORT in self.columns

    def rows(self, naming: Naming, model: MonitoredModel, *, start: int = 0) -> Iterator[bytes]:
        """Yield a JSON row for each line of the file, empty if no row begins there or it is before `start`."""
        fields = naming.fields(self.columns)
        readings = [(name, reading(name, model, self.choices)) for name in fields]
        line = self._skipped + self._header_lines
        yield from [b""] * line
        for cells, lines, text in self._records:
            yield b"" if line < start else self._row(cells, readings, naming.kind, line=line, text=text)
            # A row with line breaks in its cells takes several lines; the first one is its index.
            yield from [b""] * (lines - 1)
            line += lines

    def _row(self, cells: Cells, readings: Readings, kind: BatchKind, *, line: int, text: str) -> bytes:
        if isinstance(cells, str):
            return UnreadableRow.of(text, "invalid_row", cells)
        if not any(cells):
            return b""
        if any(cells[len(readings) :]):
            why = f"The row has {len(cells)} cells, and the file {len(readings)} columns."
            return UnreadableRow.of(text, "invalid_row", why)
        if self._is_escaped:
            cells = [as_written(cell) for cell in cells]
        # Missing cells at the end are empty.
        pairs = zip(readings, chain(cells, [""] * (len(readings) - len(cells))), strict=False)
        values = ((name, read(cell)) for (name, read), cell in pairs if name is not None)
        given = ((name, value) for name, value in values if value is not None or name.startswith("features."))
        row = put_together(given, kind)
        return msgspec.json.encode(self.choices.completed(row, kind, number=line))

    def _read(self, lines: Iterator[str]) -> Iterator[tuple[Cells, int, str]]:
        """Yield the cells of each row, or why it cannot be read; the number of its lines; and its text.

        Of a row that does not end within its limits only the first line is given up: the next begins behind it.
        """
        waiting: deque[str] = deque()
        while line := waiting.popleft() if waiting else next(lines, ""):
            taken = [line]
            # Without a quote, no cell can go on in the next line.
            feed = _feed(taken, waiting, lines) if '"' in line else iter(taken)
            cells: Cells
            try:
                cells = next(csv.reader(feed, delimiter=self.delimiter, strict=True), [])
            except csv.Error as error:
                why = "A quoted cell does not end" if "unexpected end" in str(error) else f"Not CSV: {error}"
                cells, taken[1:], lost = f"{why}.", [], taken[1:]
                waiting.extendleft(reversed(lost))
            if len(taken) > 1 and any(self._looks_like_a_row(each) for each in taken[1:]):
                waiting.extendleft(reversed(taken[1:]))
                cells, taken = "A quoted cell does not end before other rows begin.", taken[:1]
            text = "".join(taken)
            yield _checked(cells, text), len(taken), text

    def _looks_like_a_row(self, line: str) -> bool:
        """Whether a line is complete by itself: as many cells as columns, and no quote is open at its end."""
        if not len(self.columns) - 1 == line.count(self.delimiter) > 1:
            return False
        try:
            return len(next(csv.reader([line], delimiter=self.delimiter, strict=True))) == len(self.columns)
        except csv.Error:
            return False


def _named(names: list[str]) -> list[str]:
    columns: dict[str, None] = {}
    for place, name in enumerate(map(str.strip, names), start=1):
        is_own = name and name not in columns
        columns[name if is_own else f"{name} (column {place})".strip()] = None
    return list(columns)


def _lines(body: Body, encoding: str) -> Iterator[str]:
    """Read the lines of a text with their ends, whichever these are. Raises TooLargeError, BadColumnsError."""
    body.file.seek(0)
    start = body.file.read(4)
    body.file.seek(0)
    marked = next((name for mark, name in _MARKS if start.startswith(mark)), None)
    text = io.TextIOWrapper(
        io.BufferedReader(_Kept(body.file)),
        encoding=marked or encoding or "utf-8",
        # Each row with bytes that are no characters is rejected alone. Windows-1252 has five such bytes, too.
        errors="surrogateescape" if (marked or encoding) != "utf-16" else "strict",
        newline="",
    )
    for number in count(1):
        try:
            line = text.readline(MAX_ROW_BYTES + 2)
        except UnicodeDecodeError as error:
            raise BadColumnsError(f"Line {number} is not {error.encoding}: {error.reason}.") from error
        if not line:
            return
        check_line(number, len(line.rstrip("\r\n")), bounds=body.bounds, unit="characters")
        yield line


class _Kept(io.RawIOBase):
    """A file to read from that stays open."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _feed(taken: list[str], waiting: deque[str], lines: Iterator[str]) -> Iterator[str]:
    """Yield the first line, then further ones within the limits of a row, noting them."""
    yield taken[0]
    size = len(taken[0])
    while len(taken) < LINES_PER_ROW and size <= MAX_ROW_BYTES:
        line = waiting.popleft() if waiting else next(lines, "")
        if not line:
            return
        taken.append(line)
        size += len(line)
        yield line


def _checked(cells: Cells, text: str) -> Cells:
    if text.isascii() or _NO_CHARACTER.search(text) is None:
        return cells
    return "The row is not in the file's encoding. If a spreadsheet wrote it, read the file as windows-1252."


def reading(name: str | None, model: MonitoredModel, choices: Choices) -> Reading:
    """Choose how to read the cells of a field; an empty cell is null."""
    group, _, inner = (name or "").partition(".")
    if group == "features":
        types = {feature.name: feature.type for feature in model.feature_list}
        by_type = {"number": choices.number, "integer": choices.number, "boolean": choices.flag}
        return by_type.get(types.get(inner, "text"), choices.text)
    if group == "processed":
        return choices.value
    if group in {"prediction", "baseline", "outcome", "hold_default"}:
        return choices.number if model.is_regression else choices.text
    if group in {"predicted_at", "occurred_at", "taken_at", "hold_until"}:
        return choices.time
    if group == "observable":
        return choices.flag
    return choices.text if group in {"id", "version", "subject", "action", "by"} else choices.number
