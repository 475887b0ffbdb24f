"""Rejected rows: why, and what can still be read of them, such as the id and the field at fault."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Self

import msgspec

from apps.common import strict_json
from apps.common.strict_json import StrictJSONError

MOST_REASONS = 100
_LENIENT = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)
_OPENED = re.compile(r"[ \t\r\n]*\{[ \t\r\n]*")
_COLON = re.compile(r"[ \t\r\n]*:[ \t\r\n]*")
_COMMA = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")


class Rejection(msgspec.Struct):
    """A row that was not stored: its position and the reason."""

    index: int
    id: str | None
    code: str
    field: str | None
    message: str


class Reason(msgspec.Struct):
    """Why rows were rejected: how many, and the first of them as an example."""

    code: str
    field: str | None
    rows: int
    example: Rejection


def reasons(rejected: Iterable[Rejection], *, known: Iterable[Reason] = ()) -> list[Reason]:
    """Gather rejections by their reason, the most frequent first, and add them to known reasons.

    Values in the messages make no reason of its own. Of very many reasons, the most frequent are kept.
    """
    found = {(reason.code, reason.field): reason for reason in known}
    for each in rejected:
        reason = found.setdefault((each.code, each.field), Reason(each.code, each.field, 0, each))
        reason.rows += 1
    return sorted(found.values(), key=lambda reason: -reason.rows)[:MOST_REASONS]


class RowError(Exception):
    """Why one row is rejected."""

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message)
        self.code, self.field, self.message = code, field, message

    def rejection(self, index: int, name: object) -> Rejection:
        """The rejection of the row at an index; `name` is its id, if it is text."""
        shown = tellable(name[:400]) if isinstance(name, str) else None
        field = tellable(self.field[:400]) or None
        return Rejection(index, shown, self.code, field, tellable(self.message))


class UnreadableRow(bytes):
    """The text of a row that is not in its file's form, and why."""

    code: str
    message: str

    @classmethod
    def of(cls, text: str, code: str, message: str) -> Self:
        row = cls(text.encode("utf-8", "surrogateescape"))
        row.code, row.message = code, message
        return row


def id_of(raw: bytes) -> object:
    """The id of a row, if it can be read."""
    return next((_LENIENT.decode(part) for name, part in _fields(raw) if name == "id"), None)


def field_of(raw: bytes) -> str:
    """The first field of a row whose name or value is not strict JSON; empty if no field is at fault."""
    seen = set()
    for name, part in _fields(raw):
        if name in seen or name != tellable(name):
            return name
        seen.add(name)
        try:
            strict_json.loads(part.encode())
        except StrictJSONError:
            return name
    return ""


def tellable(text: str) -> str:
    """Replace what UTF-8 or PostgreSQL cannot hold."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _fields(raw: bytes) -> Iterator[tuple[str, str]]:
    """The fields of an object as far as they can be read, each with the text of its value."""
    text = raw.decode("utf-8", "replace")
    try:
        separator = _OPENED.match(text)
        while separator:
            name, end = _LENIENT.raw_decode(text, separator.end())
            colon = _COLON.match(text, end)
            if colon is None or not isinstance(name, str):
                return
            _, end = _LENIENT.raw_decode(text, colon.end())
            yield name, text[colon.end() : end]
            separator = _COMMA.match(text, end)
    except (json.JSONDecodeError, RecursionError):
        return
