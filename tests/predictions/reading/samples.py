"""The same rows in every form."""

import io
import json
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from apps.predictions.reading.decoding import chunks
from tests.factories import body_of

ROWS = [
    {
        "id": f"case-{number}",
        "predicted_at": "2026-11-01T12:00:00+00:00",
        "features": {"age": 30 + number, "name": "Zoë\t\\", "note": None},
        "prediction": "yes",
        "probabilities": {"no": 0.25, "yes": 0.75},
        "amount": 12.5,
    }
    for number in range(3)
]
FLAT = {
    "id": ["case-0", "case-1", "case-2"],
    "predicted_at": [datetime(2026, 11, 1, 12, tzinfo=UTC)] * 3,
    "features.age": [30, 31, 32],
    "features.name": ["Zoë\t\\"] * 3,
    "features.note": pa.array([None] * 3, pa.string()),
    "prediction": ["yes"] * 3,
    "probabilities.no": [0.25] * 3,
    "probabilities.yes": [0.75] * 3,
    "amount": [Decimal("12.5")] * 3,
    "baseline": pa.array([None] * 3, pa.string()),
}


def parquet(columns=None, **how) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns or FLAT), file, **how)
    return file.getvalue()


def arrow(columns=None, **how) -> bytes:
    table = pa.table(columns or FLAT)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, **how) as writer:
        writer.write_table(table)
    return sink.getvalue()


def rows_of(body: bytes, content_type: str) -> list[bytes]:
    with body_of(body, content_type=content_type) as sent:
        return [row for rows in chunks(sent, name="predictions") for row in rows]


def parsed(rows: list[bytes]) -> list[dict]:
    return [json.loads(row) for row in rows if row]
