"""Workers are killed in the middle of a file: each of its rows is still stored exactly once."""

import pytest

from apps.predictions.models import Batch, BatchKind, BatchStage, FileForm, Prediction, RejectedRow, Stage, Upload
from apps.predictions.reading.choices import Choices
from apps.predictions.services import loading, uploads
from tests.factories import make_model
from tests.faults.workers import stuck_worker

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
ROWS = 9_000
BAD = 4_321

# Stores some batches, and hangs when the next one is written but not committed.
HANGING_WORKER = """
import django, sys, time
django.setup()
from apps.predictions.services import loading
from apps.predictions.services import pushing

loading.BATCH_ROWS = 2_000
real, left = pushing.store_chunks, int(sys.argv[1])

def hang(*args, **kwargs):
    global left
    answer, left = real(*args, **kwargs), left - 1
    if left < 0:
        print("in the middle", flush=True)
        time.sleep(600)
    return answer

pushing.store_chunks = hang
loading.load_due()
"""


def _file() -> bytes:
    lines = ["id,predicted_at,prediction,age"]
    lines += [f"case-{n},2026-03-02T12:00:00Z,{'perhaps' if n == BAD else 'yes'},{n % 90}" for n in range(ROWS)]
    return "\n".join(lines).encode()


def test_a_file_whose_workers_are_killed_is_stored_once(tmp_path):
    model = make_model()
    (tmp_path / "rows.csv").write_bytes(_file())
    with open(tmp_path / "rows.csv", "rb") as file:
        how = {"mapping": {}, "choices": Choices(), "key": None, "path": "", "by": None}
        _, answer = uploads.accept(model, BatchKind.PREDICTIONS, file, name="rows.csv", content_type="", **how)
    upload = Upload.objects.get(pk=answer["id"])
    assert upload.form == FileForm.CSV

    for stored in (0, 1, 2):
        before = upload.position
        with stuck_worker(HANGING_WORKER, str(stored)):
            # While the worker lives, no other gets its file.
            assert loading.load_due() == 0
        upload.refresh_from_db()
        assert upload.position == before + stored * 2_000
        assert Prediction.objects.count() == upload.accepted
        Upload.objects.update(lease_expires_at="2020-01-01T00:00:00Z")

    while loading.load_due():
        pass
    upload.refresh_from_db()
    assert (upload.status, upload.accepted, upload.duplicates) == ("done", ROWS - 1, 0)
    assert upload.rejected == {"unknown_class": 1}
    assert set(Prediction.objects.values_list("external_id", flat=True)) == {
        f"case-{n}" for n in range(ROWS) if n != BAD
    }
    assert RejectedRow.objects.get().index == BAD + 1
    assert sum(Batch.objects.values_list("accepted", flat=True)) == ROWS - 1
    assert list(Batch.objects.order_by("pk").values_list("pk", flat=True)) == upload.batches
    assert BatchStage.objects.filter(stage=Stage.DRAW).count() == len(upload.batches)
