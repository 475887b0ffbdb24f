"""CSV files to raw rows: the model's schema gives each cell its type, and a row's index is its line."""

import csv
import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import msgspec

from apps.predictions.reading.bodies import Body
from apps.predictions.reading.columns import BadColumnsError
from apps.predictions.reading.decoding import lines
from apps.predictions.reading.mapping import Naming, put_together
from apps.registry.models import MonitoredModel

DELIMITERS = (",", ";", "\t")
# Spreadsheets put this byte order mark before UTF-8.
_MARK = b"\xef\xbb\xbf"
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
_OTHER_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
_FLAGS = {"true": True, "false": False}

Reading = Callable[[str], Any]


class CsvFile:
    """A CSV file whose first line names the columns."""

    def __init__(self, body: Body) -> None:
        body.file.seek(0)
        if body.file.read(len(_MARK)) != _MARK:
            body.file.seek(0)
        texts = (line.decode() for line in lines(body))
        first = next(texts, "")
        self.delimiter = max(DELIMITERS, key=first.count)
        self._reader = csv.reader(chain([first], texts), delimiter=self.delimiter, strict=True)
        try:
            self.columns = next(self._reader)
        except (csv.Error, StopIteration) as error:
            raise BadColumnsError(f"The first line does not name the columns: {error}.") from error
        if not any(self.columns):
            raise BadColumnsError("The first line names no columns.")

    def rows(self, naming: Naming, model: MonitoredModel, *, start: int = 0) -> Iterator[bytes]:
        """Yield a JSON row for each line of the file, empty if no row begins there or it is before `start`."""
        fields = naming.fields(self.columns)
        readings = [(name, reading(name, model)) for name in fields]
        line = self._reader.line_num
        yield from [b""] * line
        while (cells := self._next()) is not None:
            yield b"" if line < start else _row(cells, readings, naming)
            # A row with line breaks in its cells takes several lines; the first one is its index.
            yield from [b""] * (self._reader.line_num - line - 1)
            line = self._reader.line_num

    def _next(self) -> list[str] | str | None:
        """The cells of the next row, or why it cannot be read; None at the end."""
        try:
            return next(self._reader)
        except StopIteration:
            return None
        except csv.Error as error:
            return f"not CSV: {error}"


def _row(cells: list[str] | str, readings: list[tuple[str | None, Reading]], naming: Naming) -> bytes:
    if isinstance(cells, str):
        return _unreadable(cells)
    if not any(cells):
        return b""
    if any(cells[len(readings) :]):
        return _unreadable(f"{len(cells)} cells in a row of {len(readings)} columns")
    # Missing cells at the end are empty.
    pairs = zip(readings, chain(cells, [""] * (len(readings) - len(cells))), strict=False)
    values = ((name, read(cell)) for (name, read), cell in pairs if name is not None)
    given = ((name, value) for name, value in values if value is not None or name.startswith("features."))
    return msgspec.json.encode(put_together(given, naming.kind))


def _unreadable(why: str) -> bytes:
    """Make a row that is rejected for an unknown field whose name is the reason."""
    return msgspec.json.encode({why: None})


def reading(name: str | None, model: MonitoredModel) -> Reading:
    """Choose how to read the cells of a field; an empty cell is null."""
    group, _, inner = (name or "").partition(".")
    if group == "features":
        types = {feature.name: feature.type for feature in model.feature_list}
        return _BY_TYPE.get(types.get(inner, "text"), _text)
    if group in {"prediction", "baseline", "outcome"}:
        return _number if model.is_regression else _text
    return _text if group in {"id", "version", "subject", "predicted_at", "occurred_at"} else _number


def _text(cell: str) -> str | None:
    return cell or None


def _number(cell: str) -> Any:
    """Keep a number with its digits. Anything else stays text, for the row's check to reject."""
    cell = cell.strip()
    if _JSON_NUMBER.match(cell):
        return msgspec.Raw(cell.encode())
    return float(cell) if _OTHER_NUMBER.match(cell) else _text(cell)


def _flag(cell: str) -> bool | str | None:
    return _FLAGS.get(cell.strip().lower(), _text(cell))


_BY_TYPE: dict[str, Reading] = {"number": _number, "integer": _number, "boolean": _flag}
