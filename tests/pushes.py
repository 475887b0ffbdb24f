"""Pushes over HTTP as raw bytes, for tests of malformed rows and bodies."""

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.test import Client

from apps.accounts.models import Role
from tests.factories import make_key, make_member, make_model, make_project, prediction_row

JSON, NDJSON = "application/json", "application/x-ndjson"
PARQUET, ARROW = "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream"
NOON = "2026-03-02T12:00:00Z"


class Api:
    def __init__(self, **model: Any) -> None:
        self.project = make_project()
        self.model = make_model(self.project, "employment", **model)
        member = make_member(self.project, Role.OWNER)
        key = make_key(self.project, acts_for=member.user)[1]
        self.client = Client(headers={"authorization": f"Bearer {key}"})

    def send(self, body: bytes, content_type: str = JSON, *, kind: str = "predictions", **headers: str):
        path = f"/api/v1/models/employment/{kind}"
        return self.client.generic("POST", path, body, headers=headers, CONTENT_TYPE=content_type)

    def put(self, path: str, document: dict[str, Any]):
        return self.client.put(f"/api/v1/models/employment{path}", json.dumps(document), content_type=JSON)


def listed(rows: list[bytes]) -> bytes:
    return b'{"predictions": [' + b", ".join(rows) + b"]}"


def lined(rows: list[bytes]) -> bytes:
    return b"\r\n".join(rows)


def raw(number: int = 1, **changes: Any) -> bytes:
    """A row with changes; a change given as bytes is written verbatim."""
    row = prediction_row(number, **changes)
    return b"{" + b", ".join(json.dumps(name).encode() + b": " + _written(value) for name, value in row.items()) + b"}"


def _written(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def columns(content_type: str, **changes: list[Any]) -> bytes:
    """Three rows as flat columns."""
    flat = {
        "id": ["case-1", "case-7", "case-2"],
        "predicted_at": [NOON] * 3,
        "features.age": [20, 30, 40],
        "prediction": ["yes", "no", "yes"],
        "score": [0.9, 0.1, 0.8],
    }
    table = pa.table({**flat, **changes})
    sink = io.BytesIO()
    if content_type == PARQUET:
        pq.write_table(table, sink)
    else:
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    return sink.getvalue()
