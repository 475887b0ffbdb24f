"""Bodies to rows: one decoder for each form, all giving lists of raw JSON objects, a bounded number at a time."""

import codecs
import json
import re
from collections.abc import Iterable, Iterator

import msgspec

from apps.common.errors import TooLargeError, UnsupportedMediaError
from apps.common.media_types import ARROW, JSON, NDJSON, PARQUET
from apps.common.strict_json import StrictJSONError
from apps.predictions.reading.bodies import IN_MEMORY, Body
from apps.predictions.reading.columns import arrow_rows, parquet_rows

MAX_ROW_BYTES = 1024 * 1024
# Rows that are checked and written together; what they hold meanwhile is some ten times their size.
CHUNK_ROWS = 2_000
CHUNK_BYTES = IN_MEMORY
# What a list is read by; a row of the largest size allowed is whole in it wherever it begins.
WINDOW = IN_MEMORY
MAX_WINDOW = 4 * WINDOW
CUTS_TRIED = 8
# Some clients send this mark; a body that starts with it is refused like any other that is not plain UTF-8.
_BOM = b"\xef\xbb\xbf"
_LENIENT = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)
# What JSON takes for white space, and nothing else.
_SPACE = b" \t\r\n"
_BETWEEN = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
_ROW_ENDS = re.compile(rb"\}[ \t\r\n]*,[ \t\r\n]*(?=\{)")


def chunks(body: Body, *, name: str) -> Iterator[list[bytes]]:
    """The rows of a body, each as the bytes of one JSON value, as many at a time as are worked on together.

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
    kind = body.content_type.partition(";")[0].strip().lower()
    if kind in PARQUET:
        return parquet_rows(body.file, bounds=body.bounds)
    if kind in ARROW:
        return arrow_rows(body.file, bounds=body.bounds)
    if kind in NDJSON:
        return gathered(lines(body))
    if kind == JSON:
        return _listed(_texts(iter(lambda: body.file.read(WINDOW), b"")), name=name)
    known = ", ".join((JSON, NDJSON[0], PARQUET[0], ARROW[0]))
    raise UnsupportedMediaError(f"{kind or 'A body without a type'} is not read here; send one of {known}.")


def _texts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces of a text as they are, once they are known to be plain UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    at = 0
    for piece in pieces:
        if at == 0 and piece.startswith(_BOM):
            raise StrictJSONError("The body starts with a byte order mark; send plain UTF-8.", code="invalid_unicode")
        waiting = len(decoder.getstate()[0])
        try:
            decoder.decode(piece)
        except UnicodeDecodeError as error:
            message = f"Not valid UTF-8 at byte {at - waiting + error.start}."
            raise StrictJSONError(message, code="invalid_unicode") from error
        at += len(piece)
        yield piece
    if decoder.getstate()[0]:
        raise StrictJSONError(f"Not valid UTF-8 at byte {at}.", code="invalid_unicode")


def lines(body: Body) -> Iterator[bytes]:
    """The lines of a text from where its file stands, each with its end. Raises StrictJSONError, TooLargeError."""
    pieces = iter(lambda: body.file.readline(MAX_ROW_BYTES + 2), b"")
    for number, line in enumerate(_texts(pieces), start=1):
        if len(line.rstrip(b"\r\n")) > MAX_ROW_BYTES:
            raise TooLargeError(
                f"Line {number} is longer than {MAX_ROW_BYTES:,} bytes.",
                limit="bytes_per_row",
                value=MAX_ROW_BYTES,
                line=number,
            )
        body.bounds.check_rows(number // 2)  # blank ones are lines too
        yield line


def gathered(raws: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Raw rows without the white space around them, as many at a time as are worked on together.

    A blank line is no row, but keeps its place: so a row's index tells its line.
    """
    rows: list[bytes] = []
    size = 0
    for raw in raws:
        row = raw.strip(_SPACE)
        rows.append(row)
        size += len(row)
        if size > CHUNK_BYTES or len(rows) == CHUNK_ROWS:
            yield rows
            rows, size = [], 0
    yield rows


def _head(name: str) -> re.Pattern[bytes]:
    parts = (rb"", rb"\{", rb'"%b"' % name.encode(), rb":", rb"\[")
    return re.compile(rb"[ \t\r\n]*".join(parts))


def _listed(windows: Iterator[bytes], *, name: str) -> Iterator[list[bytes]]:
    """The rows of a JSON body, which may be too large to be read at once.

    A window of the list is cut behind a row: rows that are whole are valid JSON between brackets, and a piece that ends
    inside a row, or inside a text, is not. So nothing but rows stands between the list's brackets, nor a second list.
    """
    window = next(windows, b"")
    head = _head(name).match(window)
    if head is None:
        raise StrictJSONError(f'Not JSON, or not {{"{name}": [...]}}.')
    start, rest, rows_seen, is_end = head.end(), window, 0, False
    while not is_end:
        window = next(windows, b"")
        is_end = not window
        rest += window
        rows, rest = _last_rows(rest, start, rows_seen) if is_end else _whole_rows(rest[start:])
        start = 0
        rows_seen += len(rows)
        if len(rest) > MAX_WINDOW:
            message = f"Row {rows_seen} is larger than {MAX_ROW_BYTES:,} bytes, or not JSON."
            raise TooLargeError(message, limit="bytes_per_row", value=MAX_ROW_BYTES, index=rows_seen)
        yield rows


def _whole_rows(window: bytes) -> tuple[list[bytes], bytes]:
    """The rows that are whole in a window, and the rest of it, which begins with a row."""
    ends = list(_ROW_ENDS.finditer(window))
    for end in reversed(ends[-CUTS_TRIED:]):
        rows = _between_brackets(window[: end.start() + 1])
        if rows is not None:
            return rows, window[end.end() :]
    return _whole_rows_leniently(window)


def _last_rows(window: bytes, start: int, rows_before: int) -> tuple[list[bytes], bytes]:
    """The rows of the window in which the list and the body end; the list goes on, or begins, at `start`."""
    end = window.rfind(b"]")
    if end < 0 or window[end + 1 :].strip(_SPACE) != b"}":
        raise StrictJSONError("Not JSON: the list does not end properly.")
    if start:
        # Most bodies: the list is whole and has its own brackets, so that nothing is copied.
        rows = _decoded(memoryview(window)[start - 1 : end + 1])
    else:
        is_cut = rows_before and not window[:end].strip(_SPACE)  # a comma, and no row behind it
        rows = None if is_cut else _between_brackets(window[:end])
    if rows is None:
        rows, rest = _whole_rows_leniently(window[start:end] + b",")
        if rest or not rows:
            raise StrictJSONError(f"Not JSON: row {rows_before + len(rows)}, from 0, is not JSON, or not whole.")
    return rows, b""


def _between_brackets(listed: bytes) -> list[bytes] | None:
    """The rows of a part of a list; None where it is not valid JSON by itself."""
    return _decoded(b"[%b]" % listed)


def _decoded(listed: bytes | memoryview) -> list[bytes] | None:
    try:
        return [bytes(row) for row in msgspec.json.decode(listed, type=list[msgspec.Raw])]
    except (msgspec.DecodeError, RecursionError):
        return None


def _whole_rows_leniently(window: bytes) -> tuple[list[bytes], bytes]:
    """The same where something is wrong inside a row: that row alone is to be refused, later."""
    # A character that the window cuts in two is left to the next one.
    window = window.lstrip(_SPACE)
    text = window.decode("utf-8", "ignore")
    rows, at = [], 0
    try:
        while between := _BETWEEN.match(text, (decoded := _LENIENT.raw_decode(text, at))[1]):
            rows.append(text[at : decoded[1]].encode())
            at = between.end()
    except json.JSONDecodeError:
        pass  # the window ends inside this row, or it is no JSON: more of it will show
    except RecursionError as error:
        raise StrictJSONError("Nested too deeply.", code="too_deep") from error
    return rows, window[len(text[:at].encode()) :]
