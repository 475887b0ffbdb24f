"""What can still be told of a row that is not read: its id, and the field in which something is wrong."""

import json
import re
from collections.abc import Iterator

import msgspec

from apps.common import strict_json
from apps.common.strict_json import StrictJSONError

_LENIENT = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)
_OPENED = re.compile(r"[ \t\r\n]*\{[ \t\r\n]*")
_COLON = re.compile(r"[ \t\r\n]*:[ \t\r\n]*")
_COMMA = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")


class Rejection(msgspec.Struct):
    """A row that was not stored: where it stood, and why."""

    index: int
    id: str | None
    code: str
    field: str | None
    message: str


class RowError(Exception):
    """Why one row is rejected."""

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message)
        self.code, self.field, self.message = code, field, message

    def rejection(self, index: int, name: object) -> Rejection:
        """The answer for the row at an index; its id is told where it is one."""
        shown = tellable(name[:400]) if isinstance(name, str) else None
        field = tellable(self.field[:400]) or None
        return Rejection(index, shown, self.code, field, tellable(self.message))


def id_of(raw: bytes) -> object:
    """The id of a row, where it can be made out."""
    return next((_LENIENT.decode(part) for name, part in _fields(raw) if name == "id"), None)


def field_of(raw: bytes) -> str:
    """The first field of a row whose name or value is not JSON as it is read here; empty where it is no field's."""
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
    """A text that UTF-8 and the database can hold, whatever it was made of."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _fields(raw: bytes) -> Iterator[tuple[str, str]]:
    """The fields of an object as far as they can be made out, each with the text of its value."""
    text = raw.decode("utf-8", "replace")
    try:
        found = _OPENED.match(text)
        while found:
            name, at = _LENIENT.raw_decode(text, found.end())
            colon = _COLON.match(text, at)
            if colon is None or not isinstance(name, str):
                return
            _, at = _LENIENT.raw_decode(text, colon.end())
            yield name, text[colon.end() : at]
            found = _COMMA.match(text, at)
    except (json.JSONDecodeError, RecursionError):
        return
