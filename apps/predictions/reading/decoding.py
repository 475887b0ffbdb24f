"""Bodies to raw rows: a decoder for each form, all giving lists of JSON values as bytes, a bounded number at a time."""

import codecs
import json
import re
from collections.abc import Iterable, Iterator

import msgspec

from apps.common.errors import TooLargeError, UnsupportedMediaError
from apps.common.media_types import ARROW, JSON, NDJSON, PARQUET
from apps.common.strict_json import StrictJSONError
from apps.predictions.reading.bodies import IN_MEMORY, Body, Bounds, kind_of
from apps.predictions.reading.columns import arrow_rows, parquet_rows
from apps.predictions.reading.rejections import UnreadableRow

MAX_ROW_BYTES = 1024 * 1024
# Rows checked and written together; meanwhile they take about ten times their size in memory.
CHUNK_ROWS = 2_000
CHUNK_BYTES = IN_MEMORY
PIECE = IN_MEMORY
# A larger row in a JSON body refuses the whole body; between MAX_ROW_BYTES and this, only the row is rejected.
WINDOW = 4 * MAX_ROW_BYTES
# msgspec keeps 72 bytes a value and cannot stop at a number of them: a list of more commas is read row by row.
COMMAS_PER_ROW = 10
# Some clients send a byte order mark; only plain UTF-8 is read.
_BOM = b"\xef\xbb\xbf"
MARKED = "The body starts with a byte order mark; send plain UTF-8."
_LENIENT = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)
# JSON's white space, and nothing else.
_SPACE = b" \t\r\n"
_SPACES = re.compile(rb"[ \t\r\n]*")
_COMMA = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")


def chunks(body: Body, *, name: str) -> Iterator[list[bytes]]:
    """Read the rows of a body, each as the bytes of one JSON value, in chunks to check and write together.

    `name` is the list's name in the JSON form; a blank line of NDJSON is an empty row. Raises StrictJSONError,
    TooLargeError, UnsupportedMediaError.
    """
    body.file.seek(0)
    seen = 0
    for rows in _rows(body, name=name):
        seen += sum(map(bool, rows))
        body.bounds.check_rows(seen)
        for start in range(0, len(rows), CHUNK_ROWS):
            yield rows[start : start + CHUNK_ROWS]


def _rows(body: Body, *, name: str) -> Iterator[list[bytes]]:
    kind = kind_of(body.content_type)
    if kind in PARQUET:
        return parquet_rows(body.file, bounds=body.bounds)
    if kind in ARROW:
        return arrow_rows(body.file, bounds=body.bounds)
    if kind in NDJSON:
        return gathered(lines(body))
    if kind == JSON:
        return _listed(body, name=name)
    known = ", ".join((JSON, NDJSON[0], PARQUET[0], ARROW[0]))
    raise UnsupportedMediaError(f"Rows cannot be sent as {kind or 'a body without Content-Type'}; send {known}.")


def _utf8(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pass on the pieces of a text, each once it is known to be plain UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    position = 0
    for piece in pieces:
        if position == 0 and piece.startswith(_BOM):
            raise StrictJSONError(MARKED, code="invalid_unicode")
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(piece)
        except UnicodeDecodeError as error:
            message = f"Not valid UTF-8 at byte {position - pending + error.start}."
            raise StrictJSONError(message, code="invalid_unicode") from error
        position += len(piece)
        yield piece
    if decoder.getstate()[0]:
        raise StrictJSONError(f"Not valid UTF-8 at byte {position}.", code="invalid_unicode")


def lines(body: Body) -> Iterator[bytes]:
    """Read the lines of a text from the file's position on, with their ends. Raises StrictJSONError, TooLargeError.

    A line that is not UTF-8 is rejected alone, by its check.
    """
    for number, line in enumerate(iter(lambda: body.file.readline(MAX_ROW_BYTES + 2), b""), start=1):
        if number == 1 and line.startswith(_BOM):
            raise StrictJSONError(MARKED, code="invalid_unicode")
        check_line(number, len(line.rstrip(b"\r\n")), bounds=body.bounds)
        yield line


def check_line(number: int, length: int, *, bounds: Bounds, unit: str = "bytes") -> None:
    """Check the length of a line, and the number of lines so far. Raises TooLargeError."""
    if length > MAX_ROW_BYTES:
        raise TooLargeError(
            f"Line {number} is longer than {MAX_ROW_BYTES:,} {unit}.",
            limit="bytes_per_row",
            value=MAX_ROW_BYTES,
            line=number,
        )
    bounds.check_rows(number // 2)  # blank lines count too


def gathered(raws: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Gather raw rows, stripped of white space, into lists to check and write together.

    A blank line is no row but keeps its place, so that a row's index is its line.
    """
    rows: list[bytes] = []
    size = 0
    for raw in raws:
        row = raw if isinstance(raw, UnreadableRow) else raw.strip(_SPACE)
        rows.append(row)
        size += len(row)
        if size > CHUNK_BYTES or len(rows) == CHUNK_ROWS:
            yield rows
            rows, size = [], 0
    yield rows


def _listed(body: Body, *, name: str) -> Iterator[list[bytes]]:
    """Read the rows of a JSON body, which is one object with one list."""
    text = body.file.read()
    for _ in _utf8(text[start : start + PIECE] for start in range(0, len(text), PIECE)):
        pass
    start, end = _list_in(text, name=name)
    is_small = len(text) <= CHUNK_BYTES
    rows = None
    if is_small or text.count(b",") <= COMMAS_PER_ROW * body.bounds.rows:
        rows = _decoded(memoryview(text)[start - 1 : end + 1])
    if rows is None:
        yield from gathered(_one_by_one(text, start, end))
        return
    body.bounds.check_rows(len(rows))
    if is_small:
        yield list(map(bytes, rows))
    else:
        yield from gathered(_bounded(rows))


def _list_in(text: bytes, *, name: str) -> tuple[int, int]:
    """Find the list of a body: the positions behind its opening bracket and of its closing one."""
    parts = (rb"", rb"\{", rb'"%b"' % name.encode(), rb":", rb"\[")
    head = re.match(rb"[ \t\r\n]*".join(parts), text)
    if head is None:
        raise StrictJSONError(f'Not JSON of the form {{"{name}": [...]}}.')
    end = text.rfind(b"]")
    if end < head.end() or text[end + 1 :].strip(_SPACE) != b"}":
        raise StrictJSONError("Not JSON: the list does not end properly.")
    return head.end(), end


def _decoded(listed: memoryview) -> list[msgspec.Raw] | None:
    """The rows of a list; None where it is not valid JSON."""
    try:
        return msgspec.json.decode(listed, type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return None


def _bounded(rows: list[msgspec.Raw]) -> Iterator[bytes]:
    for number, row in enumerate(rows):
        if len(row) > WINDOW:
            raise _row_too_large(number)
        yield bytes(row)


def _one_by_one(text: bytes, start: int, end: int) -> Iterator[bytes]:
    """The same, leniently, where something inside a row is not JSON: only that row is rejected, later."""
    number = 0
    while start <= end:
        start = _SPACES.match(text, start, end).end()  # type: ignore[union-attr]  # it always matches
        is_rest = end - start <= WINDOW
        # In Latin-1 each byte is a character; UTF-8 never uses the bytes of JSON's own signs inside other characters.
        window = text[start : min(end, start + WINDOW)].decode("latin-1") + ("," if is_rest else "")
        rows, used = _followed_by_comma(window)
        if not rows and is_rest:
            raise StrictJSONError(f"Not JSON: row {number}, counted from 0, is broken or cut off.")
        if not rows:
            raise _row_too_large(number)
        yield from rows
        number += len(rows)
        start += used


def _followed_by_comma(window: str) -> tuple[list[bytes], int]:
    """The first rows of a window that are followed by a comma, and the position behind it."""
    rows: list[bytes] = []
    position = 0
    try:
        while len(rows) < CHUNK_ROWS:
            _, end = _LENIENT.raw_decode(window, position)
            comma = _COMMA.match(window, end)
            if comma is None:
                break
            rows.append(window[position:end].encode("latin-1"))
            position = comma.end()
    except json.JSONDecodeError:
        pass  # the window ends inside this row, or it is not JSON: the next window shows which
    except RecursionError as error:
        raise StrictJSONError("Nested too deeply.", code="too_deep") from error
    return rows, position


def _row_too_large(number: int) -> TooLargeError:
    message = f"Row {number} is larger than {MAX_ROW_BYTES:,} bytes, or not JSON."
    return TooLargeError(message, limit="bytes_per_row", value=MAX_ROW_BYTES, index=number)
