"""Uploads over the API: loaded batch by batch, each row once, whatever happens on the way."""

import csv
import io
import json
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory

from apps.accounts.models import Scope
from apps.common.errors import IncompleteBodyError
from apps.common.jobs import ABANDONED
from apps.predictions.api.uploads import FileParser
from apps.predictions.models import Batch, Outcome, Payload, Prediction, RejectedRow, Upload, UploadPiece
from apps.predictions.services import loading, pushing, uploads
from tests.factories import make_key, make_model, make_project, prediction_row, push_predictions

pytestmark = pytest.mark.django_db

NAMES = ("id", "predicted_at", "version", "features.age", "features.sex", "prediction", "score", "baseline")


def csv_file(count: int, **changes) -> bytes:
    """Predictions as a CSV file; changes by row number."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(NAMES)
    for number in range(count):
        row = {**prediction_row(number), **changes.get(f"row_{number}", {})}
        flat = {**row, "features.age": row["features"]["age"], "features.sex": row["features"]["sex"]}
        lines.writerow([flat[name] for name in NAMES])
    return text.getvalue().encode()


class Api:
    def __init__(self) -> None:
        self.project = make_project()
        self.model = make_model(self.project, "employment")
        self.use_key(None)

    def use_key(self, scopes: list[str] | None) -> None:
        self.client = Client(headers={"authorization": f"Bearer {make_key(self.project, scopes)[1]}"})

    def send(self, body: bytes, name: str = "rows.csv", *, kind: str = "predictions", headers=None, **parts):
        file = SimpleUploadedFile(name, body, content_type=parts.pop("content_type", "application/octet-stream"))
        form = {"file": file, "kind": kind, **{part: json.dumps(value) for part, value in parts.items()}}
        return self.client.post("/api/v1/models/employment/uploads", form, headers=headers or {})

    def ask(self, pk: int) -> dict:
        return self.client.get(f"/api/v1/uploads/{pk}").json()

    def loaded(self, *args, **parts) -> dict:
        """Load everything, and return the finished upload."""
        answer = self.send(*args, **parts)
        assert answer.status_code == 202, answer.content
        while loading.load_due():
            pass
        return self.ask(answer.json()["id"])


@pytest.fixture
def api() -> Api:
    return Api()


def test_a_csv_file_becomes_predictions_by_the_registered_schema(api):
    found = api.loaded(csv_file(3))
    assert (found["status"], found["accepted"], found["rejected"], found["error"]) == ("done", 3, {}, "")
    assert found["progress"] == 1
    first = Prediction.objects.get(external_id="case-1")
    assert (first.predicted, first.score, list(first.slices.values())) == (1.0, 0.9, ["2"])
    # `age` is declared as a number, `sex` as a category.
    assert Payload.objects.get(prediction_id=first.pk).features == {"age": 21, "sex": "2"}
    assert found["batches"] == [Batch.objects.get().pk]
    assert not UploadPiece.objects.exists()


def test_lines_are_loaded_as_if_they_were_pushed(api):
    rows = [prediction_row(n) for n in range(3)]
    push_predictions(api.model, rows[:1])
    found = api.loaded(b"\n\n".join(json.dumps(row).encode() for row in rows), "rows.jsonl")
    assert (found["accepted"], found["duplicates"], found["form"]) == (2, 1, "ndjson")


def test_a_parquet_file_with_its_own_column_names_is_loaded_through_a_mapping(api):
    table = pa.table(
        {
            "key": ["a", "b"],
            "at": ["2026-03-02T12:00:00Z"] * 2,
            "age": [20, None],
            "answer": ["yes", "no"],
            "secret": ["x", "y"],
        }
    )
    sink = io.BytesIO()
    pq.write_table(table, sink)
    mapping = {"key": "id", "at": "predicted_at", "answer": "prediction", "secret": None}
    found = api.loaded(sink.getvalue(), "rows.parquet", mapping=mapping)
    assert (found["accepted"], found["rejected"], found["error"]) == (2, {}, "")
    # `age` is not in the mapping: it goes by its name, and a missing value is null.
    assert [payload.features for payload in Payload.objects.order_by("prediction_id")] == [{"age": 20}, {"age": None}]


def test_a_mapping_also_renames_the_flat_names_of_lines(api):
    row = prediction_row(1)
    row["key"], row["age"] = row.pop("id"), row["features"].pop("age")
    found = api.loaded(
        json.dumps(row).encode(), "rows.ndjson", mapping={"key": "id", "features.sex": "features.gender"}
    )
    assert found["accepted"] == 1, found
    assert Payload.objects.get().features == {"gender": 2, "age": 21}


def test_outcomes_are_loaded_and_counted_by_kind(api):
    push_predictions(api.model, [prediction_row(1)])
    lines = "id;outcome;occurred_at;note\ncase-1;no;2026-03-20T00:00:00Z;x\nlater;yes;2026-03-20T00:00:00Z;\n"
    found = api.loaded(lines.encode(), kind="outcomes")
    assert (found["accepted"], found["parked"], found["status"]) == (2, 1, "done")
    assert Outcome.objects.count() == 2


def test_rejected_rows_are_counted_by_code_and_kept_with_their_line(api):
    found = api.loaded(csv_file(4, row_1={"score": 7}, row_3={"prediction": "perhaps"}))
    assert (found["accepted"], found["rejected"]) == (2, {"probability_range": 1, "unknown_class": 1})
    # The first line names the columns, so row 1 is line 3, which is index 2.
    kept = RejectedRow.objects.order_by("index").values_list("index", "external_id", "code")
    assert list(kept) == [(2, "case-1", "probability_range"), (4, "case-3", "unknown_class")]


def test_reasons_are_gathered_over_all_batches_of_a_file(api, monkeypatch):
    monkeypatch.setattr(loading, "BATCH_CHUNKS", 1)
    lines = [json.dumps(prediction_row(n, version="x" * 600_000)).encode() for n in range(5)]
    found = api.loaded(b"\n".join(lines), "rows.ndjson")
    assert found["accepted"] == 0
    (reason,) = found["reasons"]
    assert (reason["rows"], reason["example"]["index"], reason["example"]["id"]) == (5, 0, "case-0")


def test_a_file_is_stored_in_several_batches_each_committing_its_position(api, monkeypatch):
    monkeypatch.setattr(loading, "BATCH_ROWS", 2_000)
    found = api.loaded(csv_file(4_500))
    assert (len(found["batches"]), found["accepted"], found["rows"]) == (3, 4_500, 4_501)
    assert list(Batch.objects.order_by("pk").values_list("accepted", flat=True)) == [1_999, 2_000, 501]


def test_large_rows_make_batches_of_fewer_rows(api, monkeypatch):
    monkeypatch.setattr(loading, "BATCH_CHUNKS", 2)
    lines = [json.dumps(prediction_row(n, features={"text": "x" * 600_000})).encode() for n in range(5)]
    found = api.loaded(b"\n".join(lines), "rows.ndjson")
    # A chunk ends once it exceeds a megabyte: after two rows.
    assert list(Batch.objects.order_by("pk").values_list("accepted", flat=True)) == [4, 1]
    assert found["accepted"] == 5


def test_after_a_failure_loading_resumes_behind_the_last_batch_and_counts_nothing_twice(api, monkeypatch):
    monkeypatch.setattr(loading, "BATCH_ROWS", 2_000)
    real, calls = pushing.store_chunks, []

    def failing(*args, **options):
        calls.append(options["first"])
        if len(calls) in {2, 3}:
            real(*args, **options)
            raise RuntimeError("the disk is full")
        return real(*args, **options)

    with patch.object(pushing, "store_chunks", failing):
        found = api.loaded(csv_file(4_500, row_3000={"score": 7}))
    assert calls == [0, 2_000, 2_000, 2_000, 4_000]
    assert (found["status"], found["accepted"], found["duplicates"]) == ("done", 4_499, 0)
    assert found["rejected"] == {"probability_range": 1}
    assert RejectedRow.objects.get().index == 3_001


def test_a_long_file_is_loaded_over_several_turns(api, monkeypatch):
    monkeypatch.setattr(loading, "BATCH_ROWS", 2_000)
    monkeypatch.setattr(loading, "TURN_SECONDS", 0.0)
    pk = api.send(csv_file(4_500)).json()["id"]
    loading.load_due()
    half = api.ask(pk)
    assert (half["status"], half["rows"]) == ("queued", 2_000)
    assert 0.3 < half["progress"] < 0.6
    assert half["bytes_done"] == round(half["bytes"] * half["progress"])
    assert [loading.load_due() for _ in range(4)] == [1, 1, 1, 0]
    assert api.ask(pk)["accepted"] == Prediction.objects.count() == 4_500


def test_stored_rows_are_skipped(api, monkeypatch):
    monkeypatch.setattr(loading, "BATCH_ROWS", 2_000)
    pk = api.send(csv_file(6_500)).json()["id"]
    Upload.objects.update(position=6_000)
    loading.load_due()
    assert api.ask(pk)["accepted"] == 501


def test_a_file_that_comes_later_does_not_wait_for_the_end_of_a_long_one(api, monkeypatch):
    monkeypatch.setattr(loading, "BATCH_ROWS", 2_000)
    monkeypatch.setattr(loading, "TURN_SECONDS", 0.0)
    long = api.send(csv_file(6_500)).json()["id"]
    loading.load_due()
    short = api.send(csv_file(2)).json()["id"]
    loading.load_due()
    # The line of names counts as a row.
    assert (api.ask(short)["rows"], api.ask(long)["rows"]) == (3, 2_000)
    loading.load_due()
    assert (api.ask(short)["status"], api.ask(long)["rows"]) == ("queued", 4_000)


def test_an_upload_that_keeps_failing_shows_its_error_and_can_be_retried(api):
    with patch.object(pushing, "store_chunks", side_effect=RuntimeError("the disk is full")):
        found = api.loaded(csv_file(2))
    assert (found["status"], found["error"]) == ("failed", "RuntimeError: the disk is full")
    upload = Upload.objects.get()
    assert upload.attempts == Upload.MAX_ATTEMPTS
    uploads.retry(upload)
    loading.load_due()
    assert api.ask(upload.pk)["status"] == "done"


def test_an_upload_whose_worker_always_stops_has_failed(api):
    api.send(csv_file(2))
    for _ in range(Upload.MAX_ATTEMPTS):
        assert Upload.objects.due().claim(seconds=-1)
    assert loading.load_due() == 0
    assert (Upload.objects.get().status, Upload.objects.get().error) == ("failed", ABANDONED)


def test_no_second_worker_loads_a_leased_file(api):
    api.send(csv_file(2))
    Upload.objects.due().claim(seconds=60)
    assert loading.load_due() == 0


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("rows.csv", b"", "The first line names no columns."),
        ("rows.csv", b"id,id\n1,2\n", "The column 'id' occurs twice."),
        ("rows.csv", b"age,features.age\n1,2\n", "Two columns become the field 'features.age'."),
        ("rows.csv", "id\n1".encode("utf-16")[:-1], "Line 2 is not utf-16"),
        ("rows.ndjson", b"{}\n" + b"x" * 1024**2 + b"xx", "Line 2 is longer than 1,048,576 bytes."),
        ("rows.parquet", b"PAR1 and so on", "Not readable as a Parquet file"),
    ],
)
def test_an_unreadable_file_fails_with_the_reason(api, name, body, reason):
    found = api.loaded(body, name)
    assert found["status"] == "failed"
    assert reason in found["error"]
    assert Upload.objects.get().attempts == 1


def test_a_mapping_of_a_missing_column_fails(api):
    found = api.loaded(csv_file(1), mapping={"nothing": "id"})
    assert (found["status"], found["error"]) == ("failed", "The file has no column 'nothing'.")


def test_a_repeated_key_gets_the_first_answer(api):
    key = {"Idempotency-Key": "monday"}
    first, again = (api.send(csv_file(2), headers=key) for _ in range(2))
    assert (again.status_code, again.json()) == (202, first.json())
    assert Upload.objects.count() == 1
    for other in (api.send(csv_file(3), headers=key), api.send(csv_file(2), mapping={"id": "id"}, headers=key)):
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("parts", "status", "code"),
    [
        ({"name": "rows.xlsx"}, 415, "unsupported_media_type"),
        ({"kind": "labels"}, 400, "invalid"),
        ({"mapping": {"age": "features."}}, 400, "invalid_mapping"),
        ({"kind": "outcomes", "mapping": {"age": "features.age"}}, 400, "invalid_mapping"),
        ({"mapping": ["id"]}, 400, "invalid"),
        ({"mapping": {"age": 1}}, 400, "invalid"),
        ({"nonsense": 1}, 400, "invalid"),
        ({"headers": {"Idempotency-Key": "x" * 201}}, 400, "invalid_idempotency_key"),
        ({"headers": {"Content-Encoding": "gzip"}}, 415, "unsupported_media_type"),
    ],
)
def test_an_unacceptable_upload_is_refused_and_nothing_is_kept(api, parts, status, code):
    answer = api.send(csv_file(1), **parts)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Upload.objects.exists()


def test_the_type_decides_the_form_if_the_name_does_not(api):
    assert api.loaded(csv_file(1), "rows", content_type="text/csv; charset=utf-8")["form"] == "csv"


def test_a_file_above_the_limit_is_refused(api, settings):
    settings.MAX_UPLOAD_BYTES = 10_000
    answer = api.send(b"x" * 10_001)
    assert (answer.status_code, answer.json()["details"]) == (413, {"limit": "upload_bytes", "value": 10_000})
    assert not UploadPiece.objects.exists()


def test_a_form_that_ends_before_its_length_is_refused():
    sent = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nid\n1'
    request = RequestFactory().post("/", sent, content_type="multipart/form-data; boundary=x")
    request.META["CONTENT_LENGTH"] = "1000"
    with pytest.raises(IncompleteBodyError, match="is 926 bytes shorter"):
        FileParser().parse(io.BytesIO(sent), "multipart/form-data; boundary=x", {"request": request})


@pytest.mark.parametrize(
    ("kind", "scope"), [("predictions", Scope.PREDICTIONS_WRITE), ("outcomes", Scope.OUTCOMES_WRITE)]
)
def test_a_key_uploads_and_sees_what_its_scopes_allow(api, kind, scope):
    pk = api.send(csv_file(1), kind=kind).json()["id"]
    api.use_key([scope])
    assert api.send(csv_file(1), kind=kind).status_code == 202
    assert api.ask(pk)["kind"] == kind
    api.use_key([each for each in Scope if each != scope])
    assert api.send(csv_file(1), kind=kind).json()["code"] == "scope_missing"
    assert api.ask(pk)["code"] == "scope_missing"


def test_drafts_and_failed_files_expire(api):
    api.loaded(b"", "failed.csv")
    Upload.objects.create(model=api.model, kind="predictions", form="csv", name="draft.csv", size=1)
    api.send(csv_file(1), "waiting.csv")
    uploads.expire()
    assert Upload.objects.count() == 3
    Upload.objects.update(created_at="2026-01-01T00:00:00Z")
    Upload.objects.filter(name="failed.csv").update(finished_at="2026-01-01T00:00:00Z")
    UploadPiece.objects.create(upload=Upload.objects.get(name="failed.csv"), number=9, content=b"x")
    uploads.expire()
    assert set(Upload.objects.values_list("name", flat=True)) == {"failed.csv", "waiting.csv"}
    assert UploadPiece.objects.get().upload.name == "waiting.csv"
