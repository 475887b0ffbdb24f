"""One outcome in every form a client may send: whatever the form, it is stored once and a newer one keeps counting."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.predictions.models import Outcome
from apps.predictions.services import loading
from apps.truth.models import Resolution
from apps.truth.services import resolving
from tests.factories import make_key, make_model, make_project, prediction_row, push_predictions

pytestmark = pytest.mark.django_db

OLD = {"id": "case-1", "outcome": "yes", "occurred_at": "2026-03-05T00:00:00Z"}
NEW = {"id": "case-1", "outcome": "no", "occurred_at": "2026-03-10T00:00:00Z"}


class Api:
    def __init__(self) -> None:
        project = make_project()
        self.model = make_model(project, "employment")
        self.client = Client(headers={"authorization": f"Bearer {make_key(project)[1]}"})

    def push(self, body: bytes, content_type: str) -> dict:
        return self.client.post("/api/v1/models/employment/outcomes", body, content_type=content_type).json()

    def upload(self, body: bytes, name: str) -> dict:
        form = {"file": SimpleUploadedFile(name, body), "kind": "outcomes"}
        pk = self.client.post("/api/v1/models/employment/uploads", form).json()["id"]
        while loading.load_due():
            pass
        return self.client.get(f"/api/v1/uploads/{pk}").json()


def as_parquet(row: dict[str, str]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([row]), file)
    return file.getvalue()


def as_arrow(row: dict[str, str]) -> bytes:
    file, table = io.BytesIO(), pa.Table.from_pylist([row])
    with pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    return file.getvalue()


def as_lines(row: dict[str, str]) -> bytes:
    return json.dumps(row).encode() + b"\n"


def as_csv(row: dict[str, str]) -> bytes:
    return f"{','.join(row)}\n{','.join(row.values())}\n".encode()


SENT = {
    "JSON": lambda api, row: api.push(json.dumps({"outcomes": [row]}).encode(), "application/json"),
    "NDJSON": lambda api, row: api.push(as_lines(row), "application/x-ndjson"),
    "Parquet": lambda api, row: api.push(as_parquet(row), "application/vnd.apache.parquet"),
    "Arrow": lambda api, row: api.push(as_arrow(row), "application/vnd.apache.arrow.stream"),
    "CSV file": lambda api, row: api.upload(as_csv(row), "rows.csv"),
    "NDJSON file": lambda api, row: api.upload(as_lines(row), "rows.ndjson"),
    "Parquet file": lambda api, row: api.upload(as_parquet(row), "rows.parquet"),
}


@pytest.mark.slow
@pytest.mark.parametrize("form", SENT)
def test_an_old_outcome_sent_again_in_another_form_is_a_duplicate_and_the_newer_one_counts(form):
    api = Api()
    push_predictions(api.model, [prediction_row(1)])
    for row in (OLD, NEW):
        assert SENT[form](api, row)["accepted"] == 1
    for again in SENT.values():
        answer = again(api, OLD)
        assert (answer["accepted"], answer["duplicates"]) == (0, 1)
    resolving.resolve_due()

    assert Outcome.objects.count() == 2
    assert Resolution.objects.get().truth == 0.0
