"""What a file leaves open, as its sender chooses it: encoding, signs, words for missing values, zones, ids."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, time
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from apps.predictions.models import BatchKind
from apps.predictions.reading.nesting import GROUPS, TIMES

DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "utf-16", "windows-1252")
# In a number, a flag or a time these words can mean nothing else; in a text they are read as missing where chosen.
MISSING_WORDS = ("NA", "N/A", "#N/A", "<NA>", "NaN", "nan", "-nan", "NULL", "null", "None", "n/a", "NaT")
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
_OTHER_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
# Points, if any, separate thousands.
_WITH_COMMA = re.compile(r"[+-]?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+)(,[0-9]+)?\Z")
_YEAR_FIRST = re.compile(r"\d{4}([-/.])\d\d?\1\d\d?([T ].*)?\Z")
_ZONED = re.compile(r"\d(Z|z|[+-]\d\d:?\d\d)\Z")
# Two days that differ in every part: a text that gives both times the same day names all parts itself.
_DEFAULTS = (datetime(1972, 1, 1), datetime(1976, 2, 2))  # noqa: DTZ001  # the zone is chosen


@dataclass(frozen=True)
class Choices:
    """How to read a file. An empty choice leaves the decision to the file, or refuses what is ambiguous."""

    delimiter: str = ""
    encoding: str = ""
    # Read "1.234,5" as 1234.5.
    decimal_comma: bool = False
    missing: tuple[str, ...] = ()
    # For times without a zone, such as Europe/Berlin.
    zone: str = ""
    # For days without a time, such as 12:00.
    time_of_day: str = ""
    # For days such as 3/4/2026.
    is_day_first: bool = False
    # One time for all rows, if no column has it.
    moment: str = ""
    # Rows without an id get this text and their number.
    row_ids: str = ""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Choices":
        """Read what `document` has written."""
        return cls(**{**document, "missing": tuple(document.get("missing", ()))})

    @property
    def document(self) -> dict[str, Any]:
        """The choices made, to be kept; nothing for what is left open."""
        return {name: list(value) if name == "missing" else value for name, value in asdict(self).items() if value}

    @property
    def changes_rows(self) -> bool:
        """True if JSON rows may become others."""
        return bool(self.zone or self.moment or self.row_ids or self.missing)

    def number(self, cell: str) -> Any:
        """Keep a number with its digits. Anything else stays text, for the row's check to reject."""
        cell = cell.strip()
        if cell in MISSING_WORDS or cell in self.missing:
            return None
        if self.decimal_comma:
            if not _WITH_COMMA.match(cell):
                return self.text(cell)
            cell = cell.replace(".", "").replace(",", ".")
        if cell.lower().lstrip("+-") in ("inf", "infinity"):
            return msgspec.Raw(b"-Infinity" if cell.startswith("-") else b"Infinity")  # the row's check rejects it
        if _JSON_NUMBER.match(cell):
            return msgspec.Raw(cell.encode())
        return float(cell) if _OTHER_NUMBER.match(cell) else self.text(cell)

    def text(self, cell: str) -> str | None:
        return None if not cell or cell in self.missing else cell

    def flag(self, cell: str) -> bool | str | None:
        word = cell.strip()
        if word in MISSING_WORDS:
            return None
        return {"true": True, "false": False}.get(word.lower(), self.text(cell))

    def value(self, cell: str) -> Any:
        """Read a cell of which no type is known: a number or a flag if it looks like one, else text."""
        found = self.number(cell)
        return self.flag(found) if isinstance(found, str) else found

    def time(self, cell: str) -> str | None:
        """Read a time, adding the chosen zone and time of day. Anything else stays, for the row's check to reject."""
        cell = cell.strip()
        if not cell or cell in MISSING_WORDS or cell in self.missing:
            return None
        if not self._zone or _ZONED.search(cell):
            return cell
        moment = self._parsed(cell)
        return cell if moment is None else moment.replace(tzinfo=moment.tzinfo or self._zone).isoformat()

    def applied(self, row: dict[str, Any], kind: BatchKind) -> dict[str, Any]:
        """Read the values of a JSON row as chosen: words for missing, and times without a zone."""
        name = TIMES[kind]
        for field in [*row]:
            if field in GROUPS and isinstance(row[field], dict):
                row[field] = {inner: None if value in self.missing else value for inner, value in row[field].items()}
            elif row[field] in self.missing:
                del row[field]
        if isinstance(row.get(name), str):
            row[name] = self.time(row[name])
        return row

    def completed(self, row: dict[str, Any], kind: BatchKind, *, number: int) -> dict[str, Any]:
        """Give a row what was chosen for all and what it lacks; `number` is its place in the file, from 1."""
        if self.moment and row.get(TIMES[kind]) is None:
            row[TIMES[kind]] = self.moment
        if self.row_ids and row.get("id") is None:
            row["id"] = f"{self.row_ids}{number}"
        return row

    @cached_property
    def _zone(self) -> ZoneInfo | None:
        return ZoneInfo(self.zone) if self.zone else None

    def _parsed(self, cell: str) -> datetime | None:
        from dateutil import parser  # noqa: PLC0415  # only where a zone was chosen

        is_year_first = _YEAR_FIRST.match(cell) is not None
        order = {"dayfirst": self.is_day_first and not is_year_first, "yearfirst": is_year_first}
        try:
            moment: datetime
            moment, other = (parser.parse(cell, default=default, **order) for default in _DEFAULTS)
        except (ValueError, OverflowError):
            return None
        if moment != other:
            return None
        is_day = ":" not in cell and moment.time() == time()
        if not is_day:
            return moment
        return datetime.combine(moment, time.fromisoformat(self.time_of_day)) if self.time_of_day else None
