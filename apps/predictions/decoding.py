"""Bodies to rows: one decoder for each form, all giving lists of raw JSON objects, a bounded number at a time."""

import codecs
import json
import re
from collections.abc import Iterable, Iterator

import msgspec
from django.conf import settings

from apps.common.errors import TooLargeError, UnsupportedMediaError
from apps.common.strict_json import StrictJSONError
from apps.predictions.bodies import IN_MEMORY, Body, too_many_rows
from apps.predictions.columns import ARROW, PARQUET, arrow_rows, parquet_rows

JSON = "application/json"
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
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
_LENIENT = json.JSONDecoder(parse_int=str, parse_float=str)
# What JSON takes for white space, and nothing else.
_SPACE = b" \t\r\n"
_BETWEEN = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
_END = re.compile(r"[ \t\r\n]*\][ \t\r\n]*\}[ \t\r\n]*\Z")
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
        if seen > settings.MAX_BATCH_ROWS:
            raise too_many_rows()
        for start in range(0, len(rows), CHUNK_ROWS):
            yield rows[start : start + CHUNK_ROWS]


def _rows(body: Body, *, name: str) -> Iterator[list[bytes]]:
    kind = body.content_type.partition(";")[0].strip().lower()
    if kind in PARQUET:
        return parquet_rows(body.file)
    if kind in ARROW:
        return arrow_rows(body.file)
    if kind in NDJSON:
        return _lines(_texts(iter(lambda: body.file.readline(MAX_ROW_BYTES + 2), b"")))
    if kind == JSON:
        windows = _texts(iter(lambda: body.file.read(WINDOW), b""))
        return (
            iter([_listed(b"".join(windows), name=name)]) if body.size <= WINDOW else _listed_by_windows(windows, name)
        )
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


def _lines(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    rows: list[bytes] = []
    size = 0
    for number, line in enumerate(lines, start=1):
        if len(line.rstrip(b"\r\n")) > MAX_ROW_BYTES:
            raise TooLargeError(
                f"Line {number} is longer than {MAX_ROW_BYTES:,} bytes.",
                limit="bytes_per_row",
                value=MAX_ROW_BYTES,
                line=number,
            )
        if number > 2 * settings.MAX_BATCH_ROWS:
            raise too_many_rows()
        # A blank line is no row, but keeps its place: so a row's index tells its line.
        row = line.strip(_SPACE)
        rows.append(row)
        size += len(row)
        if size > CHUNK_BYTES or len(rows) == CHUNK_ROWS:
            yield rows
            rows, size = [], 0
    yield rows


def _listed(body: bytes, *, name: str) -> list[bytes]:
    """The rows of a whole body."""
    if body.count(b'"%b"' % name.encode()) != 1:
        # Of two lists with the name, the decoder would drop the first one's rows without a word.
        return _listed_leniently(body.decode(), name=name)
    try:
        envelope = msgspec.json.decode(body, type=dict[str, list[msgspec.Raw]])
        if set(envelope) != {name}:
            raise StrictJSONError(f'The body must be {{"{name}": [...]}} and nothing else.')
    except RecursionError as error:
        raise StrictJSONError("Nested too deeply.", code="too_deep") from error
    except msgspec.ValidationError as error:
        raise StrictJSONError(f'The body must be {{"{name}": [...]}}: {error}.') from error
    except msgspec.DecodeError:
        return _listed_leniently(body.decode(), name=name)
    return [bytes(row) for row in envelope[name]]


def _listed_leniently(text: str, *, name: str) -> list[bytes]:
    """The rows of a body in which something is wrong inside a row: that row alone is to be refused, later."""
    head = _head(name).match(text.encode())
    if head is None:
        raise StrictJSONError(f'Not JSON, or not {{"{name}": [...]}}.')
    rows, at, more = [], len(head.group().decode()), True
    try:
        while more:
            _, end = _LENIENT.raw_decode(text, at)
            # Half a surrogate pair is left as the escape that it came as, so this cannot fail.
            rows.append(text[at:end].encode())
            between = _BETWEEN.match(text, end)
            more, at = (True, between.end()) if between else (False, end)
    except json.JSONDecodeError as error:
        raise StrictJSONError(f"Not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from error
    except RecursionError as error:
        raise StrictJSONError("Nested too deeply.", code="too_deep") from error
    if _END.match(text, at) is None:
        raise StrictJSONError(f"Not JSON: the list does not end properly at character {at}.")
    return rows


def _head(name: str) -> re.Pattern[bytes]:
    parts = (rb"", rb"\{", rb'"%b"' % name.encode(), rb":", rb"\[", rb"")
    return re.compile(rb"[ \t\r\n]*".join(parts))


def _listed_by_windows(windows: Iterator[bytes], name: str) -> Iterator[list[bytes]]:
    """The rows of a body that is too large to be read at once.

    A window of the list is cut behind a row: rows that are whole are valid JSON between brackets, and a piece that ends
    inside a row, or inside a text, is not.
    """
    window = next(windows)
    head = _head(name).match(window)
    if head is None:
        raise StrictJSONError(f'Not JSON, or not {{"{name}": [...]}}.')
    rest, rows_seen, is_end = window[head.end() :], 0, False
    while not is_end:
        window = next(windows, b"")
        is_end = not window
        rest += window
        rows, rest = _last_rows(rest, rows_seen) if is_end else _whole_rows(rest)
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


def _last_rows(window: bytes, rows_before: int) -> tuple[list[bytes], bytes]:
    """The rows of the window in which the list and the body end."""
    listed = _without_end(window)
    rows = _between_brackets(listed) if listed or not rows_before else None
    if rows is None:
        rows, rest = _whole_rows_leniently(listed + b",")
        if rest or not rows:
            at = rows_before + len(rows)
            raise StrictJSONError(f"Not JSON: what stands behind row {at - 1} is not a row, or not whole.")
    return rows, b""


def _without_end(window: bytes) -> bytes:
    """The last rows, without the brackets that close the list and the body."""
    listed = window.rstrip(_SPACE)
    for bracket in (b"}", b"]"):
        if not listed.endswith(bracket):
            raise StrictJSONError("Not JSON: the list does not end properly.")
        listed = listed[:-1].rstrip(_SPACE)
    return listed


def _between_brackets(listed: bytes) -> list[bytes] | None:
    """The rows of a part of a list; None where it is not valid JSON by itself."""
    try:
        return [bytes(row) for row in msgspec.json.decode(b"[" + listed + b"]", type=list[msgspec.Raw])]
    except (msgspec.DecodeError, RecursionError):
        return None


def _whole_rows_leniently(window: bytes) -> tuple[list[bytes], bytes]:
    """The same where something is wrong inside a row: that row alone is to be refused, later."""
    # A character that the window cuts in two is left to the next one.
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
