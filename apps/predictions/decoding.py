"""Bodies to rows: one decoder for each form, all ending in a list of raw JSON objects."""

import json
import re

import msgspec
from django.conf import settings

from apps.common.errors import TooLargeError, UnsupportedMediaError
from apps.common.strict_json import StrictJSONError
from apps.predictions.columns import ARROW, PARQUET, arrow_rows, parquet_rows

JSON = "application/json"
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
MAX_ROW_BYTES = 1024 * 1024
# Some clients send this mark; a body that starts with it is refused like any other that is not plain UTF-8.
_BOM = b"\xef\xbb\xbf"
_LENIENT = json.JSONDecoder(parse_int=str, parse_float=str)
_BETWEEN = re.compile(r"\s*,\s*")
_END = re.compile(r"\s*\]\s*\}\s*\Z")


def raw_rows(body: bytes, *, content_type: str, name: str) -> list[bytes]:
    """The rows of a body, each as the bytes of one JSON value. `name` is the list's name in the JSON form.

    Raises StrictJSONError, TooLargeError, UnsupportedMediaError.
    """
    if len(body) > settings.MAX_BODY_BYTES:
        raise TooLargeError(
            f"The body is larger than {settings.MAX_BODY_BYTES:,} bytes.",
            limit="body_bytes",
            value=settings.MAX_BODY_BYTES,
        )
    kind = content_type.partition(";")[0].strip().lower()
    if kind in PARQUET:
        return parquet_rows(body)
    if kind in ARROW:
        return arrow_rows(body)
    if kind not in (JSON, *NDJSON):
        known = ", ".join((JSON, NDJSON[0], PARQUET[0], ARROW[0]))
        raise UnsupportedMediaError(f"{kind or 'A body without a type'} is not read here; send one of {known}.")
    _check_utf8(body)
    rows = _lines(body) if kind in NDJSON else _listed(body, name=name)
    if len(rows) > settings.MAX_BATCH_ROWS:
        raise TooLargeError(
            f"More than {settings.MAX_BATCH_ROWS:,} rows; send several batches.",
            limit="rows_per_batch",
            value=settings.MAX_BATCH_ROWS,
        )
    return rows


def _check_utf8(body: bytes) -> None:
    if body.startswith(_BOM):
        raise StrictJSONError("The body starts with a byte order mark; send plain UTF-8.", code="invalid_unicode")
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StrictJSONError(f"Not valid UTF-8 at byte {error.start}.", code="invalid_unicode") from error


def _listed(body: bytes, *, name: str) -> list[bytes]:
    try:
        envelope = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        if set(envelope) != {name}:
            raise StrictJSONError(f'The body must be {{"{name}": [...]}} and nothing else.')
        rows = msgspec.json.decode(envelope[name], type=list[msgspec.Raw])
    except RecursionError as error:
        raise StrictJSONError("Nested too deeply.", code="too_deep") from error
    except msgspec.ValidationError as error:
        raise StrictJSONError(f'The body must be {{"{name}": [...]}}: {error}.') from error
    except msgspec.DecodeError:
        return _listed_leniently(body.decode(), name=name)
    return [bytes(row) for row in rows]


def _listed_leniently(text: str, *, name: str) -> list[bytes]:
    """The rows of a body in which something is wrong inside a row: that row alone is to be refused, later."""
    head = re.compile(rf'\s*{{\s*"{name}"\s*:\s*\[\s*').match(text)
    if head is None:
        raise StrictJSONError(f'Not JSON, or not {{"{name}": [...]}}.')
    rows, at, more = [], head.end(), True
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


def _lines(body: bytes) -> list[bytes]:
    lines = []
    for number, line in enumerate(body.split(b"\n"), start=1):
        if len(line) > MAX_ROW_BYTES:
            raise TooLargeError(
                f"Line {number} is longer than {MAX_ROW_BYTES:,} bytes.",
                limit="bytes_per_row",
                value=MAX_ROW_BYTES,
                line=number,
            )
        if line.strip():
            lines.append(line.strip())
    return lines
