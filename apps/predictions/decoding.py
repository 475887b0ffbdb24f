"""Bodies to rows: one decoder for each form, all ending in a list of raw JSON objects."""

import msgspec
from django.conf import settings

from apps.common.errors import TooLargeError, UnsupportedMediaError
from apps.common.strict_json import StrictJSONError

JSON = "application/json"
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
MAX_ROW_BYTES = 1024 * 1024
# Some clients send this mark; a body that starts with it is refused like any other that is not plain UTF-8.
_BOM = b"\xef\xbb\xbf"


def raw_rows(body: bytes, *, content_type: str, name: str) -> list[bytes]:
    """The rows of a body, each as the bytes of one JSON value. `name` is the list's name in the JSON form.

    Raises StrictJSONError, TooLargeError, UnsupportedMediaError.
    """
    if len(body) > settings.MAX_BODY_BYTES:
        raise TooLargeError(f"The body is larger than {settings.MAX_BODY_BYTES:,} bytes.")
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in (JSON, *NDJSON):
        raise UnsupportedMediaError(f"{kind or 'A body without a type'} is not read here; send {JSON} or {NDJSON[0]}.")
    _check_utf8(body)
    rows = _lines(body) if kind in NDJSON else _listed(body, name=name)
    if len(rows) > settings.MAX_BATCH_ROWS:
        raise TooLargeError(f"More than {settings.MAX_BATCH_ROWS:,} rows; send several batches.")
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
    except msgspec.DecodeError as error:
        raise StrictJSONError(f"Not JSON: {error}.") from error
    return [bytes(row) for row in rows]


def _lines(body: bytes) -> list[bytes]:
    lines = []
    for number, line in enumerate(body.split(b"\n"), start=1):
        if len(line) > MAX_ROW_BYTES:
            raise TooLargeError(f"Line {number} is longer than {MAX_ROW_BYTES:,} bytes.", line=number)
        if line.strip():
            lines.append(line.strip())
    return lines
