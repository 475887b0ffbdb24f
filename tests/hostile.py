"""Malformed pushes: valid ones, with random changes to values, their shapes, bytes, and compression or headers.

`push` makes one from a random generator. Python's own `json` and pyarrow say what it means, so that our reading is
checked against an independent one.
"""

import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.odd_values import shape

JSON, NDJSON = "application/json", "application/x-ndjson"
PARQUET, ARROW = "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream"
FEATURES = {"age": "integer", "income": "number", "note": "text", "code": "category", "owner": "boolean"}
# Every feature has a slice: numbers in bands, and codes and texts too, which bands do not fit.
MODEL = {
    "task": "binary",
    "classes": ["no", "yes"],
    "positive_class": "yes",
    "features": [{"name": name, "type": kind} for name, kind in FEATURES.items()],
    "slices": [
        "code",
        "owner",
        *({"feature": name, "name": f"{name}_band", "edges": [-1, 0.5, 30]} for name in ("age", "income", "note")),
    ],
    "maturity_days": 30,
}
COLUMN_FORMS = ((PARQUET, "columns"), (ARROW, "columns"))
# Texts that are known to cause harm.
TEXTS = (
    "", " ", "\x00", "\x01\x1b[31m", "\u202etxt", "\ufeff", "\ufffe", "e\u0301" * 50, "𝕏", "İ", "ß", "\u2028",
    "<script>alert(1)</script>", '" onload="x', "{{7*7}}", "${7*7}", "';DROP TABLE x;--", "=cmd|' /C calc'!A0",
    "\t\n\r", "\\", "\\.", "\\N", "\\x00", "null", "NaN", "true", "../../etc/passwd", "%00", "%s%n",
    "a" * 401, "x" * 70_000,
)  # fmt: skip
# Valid and invalid JSON values.
VALUES = (
    b"null", b"true", b"false", b"0", b"-0", b"-0.0", b"1", b"-1", b"0.5", b"1.0000000001", b"1e16", b"1e308", b"1e309",
    b"-1e400", b"1e-400", b"NaN", b"Infinity", b"-Infinity", b"9" * 19, b"9" * 20, b"9" * 5_000, b"0." + b"1" * 5_000,
    b"01", b"+1", b".5", b"1.", b"0x10", b"1_000", b"'x'", b"None", b"undefined", b"", b"[]", b"{}", b"[[[[]]]]",
    b"[" * 70 + b"]" * 70, b"[" * 3_000 + b"]" * 3_000, b'{"a":' * 80 + b"1" + b"}" * 80, b'{"a": 1, "a": 2}',
    b'{"a": 1, "\\u0061": 2}', b'{"": 0}', b'{"\\u0000": 0}', b'"\\u0000"', b'"\\ud800"', b'"\\udc00\\ud800"',
    b'"\\ud83d\\ude00"', b'"\\x"', b'"\\', b'"', b'"\xff"', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"a\nb"', b"[1,]",
    b"[,1]", b'{"a"}', b'{1: 2}', b"/* */ 1", b"1 // x", b"2026-03-02", b'"2026-03-02T09:00:00Z"',
    b'"2026-02-30T09:00:00Z"', b'"9998-01-01T00:00:00Z"', b'"0001-01-01T00:00:00+14:00"', b'"2026-03-02T24:00:00Z"',
    b'"2026-03-02T23:59:60Z"',
    b'"2026-03-02T09:00:00+99:99"', b'"2026-03-02 09:00:00Z"', b'"yes"', b'"maybe"', b'{"yes": 0.5, "no": 0.4}',
    b'{"yes": 1e999}', b'{"yes": 0.3, "no": 0.7}', b'{"maybe": 1}', b'{"age": NaN}', b'{"age": "1"}',
)  # fmt: skip
FIELDS = (
    "id", "predicted_at", "version", "features", "prediction", "probabilities", "score", "baseline", "attributions",
    "attribution_base", "amount", "subject", "latency_ms", "resources", "processed", "log_share", "outcome",
    "occurred_at", "Id",
    "unheard_of",
)  # fmt: skip
COLUMNS: tuple[tuple[str, Any], ...] = (
    ("score", pa.array([float("nan")])),
    ("score", pa.array(["0.5"])),
    ("amount", pa.array([float("-inf")])),
    ("features.note", pa.array(["\x00"])),
    ("features.big", pa.array([2**63 - 1])),
    ("features.", pa.array([1])),
    ("features.a.b", pa.array([None], pa.null())),
    ("features.when", pa.array([2**42], pa.timestamp("ms"))),
    ("features.day", pa.array([-(2**31)], pa.date32())),
    ("features.tags", pa.array([["a"]])),
    ("features.raw", pa.array([b"\xff"])),
    ("features", pa.array(["{}"])),
    ("predicted_at", pa.array([2**62], pa.timestamp("us", "UTC"))),
    ("predicted_at", pa.array([0], pa.timestamp("s"))),
    ("prediction", pa.array([True])),
    ("id", pa.array([1])),
    ("id", pa.array([None], pa.string())),
    ("unheard_of", pa.array(["x"])),
    ("latency_ms", pa.array([-1])),
    ("log_share", pa.array([1.5])),
    ("log_share", pa.array([0.0])),
)


@dataclass
class Push:
    """One request, and its rows by index as another reader sees them; None if that is unknown."""

    kind: str
    body: bytes
    content_type: str
    what: str
    headers: dict[str, str] = field(default_factory=dict)
    query: str = ""
    rows: dict[int, Any] | None = None

    @property
    def path(self) -> str:
        return f"/{self.kind}{self.query}"

    def taken(self, answer: dict[str, Any]) -> list[Any] | None:
        """The rows that an answer does not reject; None if they are unknown."""
        if self.rows is None:
            return None
        rejected = {each["index"] for each in answer["rejected"]}
        return [row for index, row in self.rows.items() if index not in rejected]


def canonical(value: Any) -> str:
    """The same text for the same value, in whatever order its names are."""
    return json.dumps(value, sort_keys=True)


def push(rng: Random) -> Push:
    """Make a request; no other one has its ids."""
    kind = "predictions" if rng.random() < 0.8 else "outcomes"
    form, what = rng.choice(((JSON, "JSON"), (NDJSON, "lines"), (JSON, "shapes"), (NDJSON, "shapes"), *COLUMN_FORMS))
    numbers = [rng.getrandbits(48) for _ in range(rng.choice((1, 1, 2, 5, 20)))]
    if what == "shapes":
        kind, body = "predictions", _text(_shapes(rng, numbers), "predictions", form)
    elif what == "columns":
        body = _columns(rng, kind, numbers, form)
    else:
        body = _text(_rows(rng, kind, numbers), kind, form)
    if what != "shapes" and rng.random() < 0.35:
        body, what = _damaged(rng, body), f"{what}, damaged"
    made = Push(kind, body, form, what, rows=_read(body, kind, form))
    return _wrapped(rng, made)


def _valid(kind: str, number: int) -> dict[str, Any]:
    if kind == "outcomes":
        return {"id": f"case-{number}", "outcome": "yes", "occurred_at": "2026-03-09T00:00:00Z"}
    return {
        "id": f"case-{number}",
        "predicted_at": "2026-03-02T09:00:00+01:00",
        "version": f"v{number % 3}",
        "features": {"age": number % 90, "income": number / 7, "note": "Zoë"},
        "prediction": "yes",
        "score": 0.7,
    }


def _shapes(rng: Random, numbers: list[int]) -> list[bytes]:
    """Valid rows whose declared features have any JSON value."""
    rows = []
    for number in numbers:
        features = {name: shape(rng) for name in rng.sample(list(FEATURES), rng.randrange(1, len(FEATURES) + 1))}
        rows.append(json.dumps({**_valid("predictions", number), "features": features}).encode())
    return rows


def _rows(rng: Random, kind: str, numbers: list[int]) -> list[bytes]:
    rows = []
    for number in numbers:
        fields = [(key, json.dumps(value).encode()) for key, value in _valid(kind, number).items()]
        for _ in range(rng.choice((0, 0, 1, 1, 2))):
            fields = _changed(rng, fields)
        row = b"{" + b", ".join(json.dumps(key).encode() + b": " + value for key, value in fields) + b"}"
        rows.append(rng.choice(VALUES) if rng.random() < 0.03 else row)
    if rng.random() < 0.1:
        rows.append(rng.choice(rows))
    return rows


def _changed(rng: Random, fields: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Add, drop, repeat or change one field."""
    choice = rng.random()
    key = rng.choice(FIELDS)
    value = rng.choice(VALUES) if rng.random() < 0.7 else json.dumps(_text_value(rng)).encode()
    if choice < 0.1:
        return [pair for pair in fields if pair[0] != key]
    if choice < 0.2 and fields:
        return [*fields, rng.choice(fields)]
    if choice < 0.5:
        inside = b'{"a": ' + value + b', "b": 1}'
        return [("features", inside) if pair[0] == "features" else pair for pair in fields]
    return [pair for pair in fields if pair[0] != key] + [(key, value)]


def _text_value(rng: Random) -> str:
    if rng.random() < 0.6:
        return rng.choice(TEXTS)
    return "".join(
        chr(rng.choice((rng.randrange(0x300), rng.randrange(0x10000), rng.randrange(0x110000)))) for _ in range(8)
    )


def _text(rows: list[bytes], kind: str, form: str) -> bytes:
    if form == JSON:
        return b'{"' + kind.encode() + b'": [' + b", ".join(rows) + b"]}"
    return b"\n".join(row.replace(b"\n", b"") for row in rows)


def _columns(rng: Random, kind: str, numbers: list[int], form: str) -> bytes:
    rows = [_valid(kind, number) for number in numbers]
    flat = [
        {f"{key}.{inner}": x for key in row if key == "features" for inner, x in row[key].items()}
        | {key: x for key, x in row.items() if key != "features"}
        for row in rows
    ]
    columns = {key: pa.array([row[key] for row in flat]) for key in flat[0]}
    for _ in range(rng.choice((0, 0, 1, 2))):
        key, values = rng.choice(COLUMNS)
        good = columns.get(key)
        if good is not None and good.type == values.type:
            # Only in one row; the others stay as they are.
            at = rng.randrange(len(rows))
            columns[key] = pa.concat_arrays([good[:at], values, good[at + 1 :]])
        else:
            columns[key] = pa.concat_arrays([values] * len(rows))
    table, sink = pa.table(columns), io.BytesIO()
    if form == PARQUET:
        pq.write_table(table, sink, compression=rng.choice(("none", "snappy", "zstd")))
    else:
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    return sink.getvalue()


def _damaged(rng: Random, body: bytes) -> bytes:
    """Change the bytes: cut, overwrite, move or re-encode them."""
    at = rng.randrange(len(body) + 1)
    to = min(at + rng.choice((1, 2, 8, 64, 1_000)), len(body))
    noise = rng.randbytes(rng.choice((1, 1, 4, 32)))
    return rng.choice(
        (
            body[:at],
            body[at:],
            body[:at] + noise + body[at + len(noise) :],
            body[:at] + noise + body[at:],
            body[:at] + body[to:],
            body[:to] + body[at:],
            body[:at] + rng.choice(VALUES) + body[at:],
            body[:at] + rng.choice((b"[", b"{", b"]", b"}", b'"', b"\\", b",", b":")) * 200 + body[at:],
            body[:at] + b" " * 100_000 + body[at:],
            body + body,
            b"\xef\xbb\xbf" + body,
            body.decode("latin-1").encode("utf-16"),
            noise,
            b"",
        )
    )


def _wrapped(rng: Random, made: Push) -> Push:
    """Add compression, type, key and parameters, right or wrong."""
    if rng.random() < 0.3:
        name = rng.choice(("gzip", "zstd"))
        packed = gzip.compress(made.body, 1) if name == "gzip" else pa.Codec("zstd").compress(made.body, asbytes=True)
        if rng.random() < 0.3:
            packed, made.rows = _damaged(rng, packed), None
        made.body, made.headers["Content-Encoding"] = packed, name
    chance = rng.random()
    if chance < 0.03:
        made.headers["Content-Encoding"], made.rows = rng.choice(("br", "gzip, gzip", "deflate", "x")), None
    elif chance < 0.06:
        made.content_type, made.rows = (
            rng.choice((JSON, NDJSON, PARQUET, "text/csv", "x", f"{JSON}; charset=utf-7")),
            None,
        )
    elif chance < 0.1:
        made.headers["Idempotency-Key"] = rng.choice(("k" * 201, "\u00fc\u00e9", "a b", f"k-{rng.getrandbits(48)}"))
    elif chance < 0.2:
        made.query = rng.choice(("?atomic=true", "?atomic=1", "?atomic=false", "?atomic=x", "?x=1", "?atomic=%00"))
    return made


def _read(body: bytes, kind: str, form: str) -> dict[int, Any] | None:
    """Read the rows of a body independently of our code; None if that fails."""
    try:
        if form == JSON:
            return dict(enumerate(json.loads(body)[kind]))
        if form == NDJSON:
            return dict(_lines(body))
        source = io.BytesIO(body)
        table = pq.read_table(source, use_threads=False) if form == PARQUET else pa.ipc.open_stream(source).read_all()
        table.validate(full=True)
        return dict(enumerate(map(_grouped, table.to_pylist())))
    except (ValueError, LookupError, TypeError, OSError, RecursionError, OverflowError, pa.ArrowException):
        return None


def _lines(body: bytes) -> Iterator[tuple[int, Any]]:
    """Read each line; None for lines that Python cannot read, which we must reject."""
    for at, line in enumerate(body.split(b"\n")):
        try:
            if line.strip(b" \t\r"):
                yield at, json.loads(line)
        except (ValueError, RecursionError):
            yield at, None


def _grouped(flat: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"features": {}}
    for name, value in flat.items():
        group, dot, inner = name.partition(".")
        if dot and group == "features":
            row["features"][inner] = value.isoformat() if hasattr(value, "isoformat") else value
        else:
            row[name] = value
    return row
