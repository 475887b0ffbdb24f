"""The fraction of traffic that a client logs: in every form of a row, in its content, and where a row is shown."""

from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.test import Client

from apps.accounts.models import Role
from apps.predictions.models import BatchKind, Prediction
from apps.predictions.services import loading, uploads
from apps.registry.models import MonitoredModel
from tests.factories import make_key, make_member, make_model, prediction_row, push_predictions

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> MonitoredModel:
    return make_model()


def stored() -> dict[str, float | None]:
    return dict(Prediction.objects.order_by("external_id").values_list("external_id", "log_share"))


def test_a_share_is_kept_and_all_is_the_same_as_none(model: MonitoredModel) -> None:
    rows = [prediction_row(1, log_share=0.2), prediction_row(2, log_share=1), prediction_row(3, log_share=None)]
    push_predictions(model, [*rows, prediction_row(4)])
    assert stored() == {"case-1": 0.2, "case-2": None, "case-3": None, "case-4": None}
    assert [each.stands_for for each in Prediction.objects.order_by("external_id")] == [5.0, 1.0, 1.0, 1.0]


def test_the_share_is_part_of_what_a_row_says(model: MonitoredModel) -> None:
    row = prediction_row(1, log_share=0.2, processed={"age": 1.5})
    push_predictions(model, [row, prediction_row(2)])
    assert push_predictions(model, [row, prediction_row(2, log_share=1.0)]).duplicates == 2
    for changed in (row | {"log_share": 0.25}, row | {"log_share": 1}, prediction_row(2, log_share=0.5)):
        (conflict,) = push_predictions(model, [changed]).rejected
        assert (conflict.code, conflict.field) == ("conflict", "log_share")


def test_the_refusal_says_what_is_wrong(model: MonitoredModel) -> None:
    many, few = push_predictions(model, [prediction_row(1, log_share=20), prediction_row(2, log_share=1e-7)]).rejected
    assert many.message == "log_share is 20; it is the fraction of traffic that is logged, in (0, 1]."
    assert few.message == "log_share is 1e-07; it must be at least 0.000001, one in a million."


def test_columns_and_files_have_it_too(model: MonitoredModel) -> None:
    _, text = make_key(model.project, ["predictions:write"])
    client = Client(headers={"Authorization": f"Bearer {text}"})
    table = pa.table(
        {
            "id": ["case-1", "case-2"],
            "predicted_at": ["2026-03-02T09:00:00Z"] * 2,
            "prediction": ["yes", "no"],
            "log_share": [0.2, None],
        }
    )
    sink = BytesIO()
    pq.write_table(table, sink)
    where = f"/api/v1/models/{model.slug}/predictions"
    answer: Any = client.post(where, sink.getvalue(), content_type="application/vnd.apache.parquet")
    assert answer.json()["accepted"] == 2
    file = BytesIO(
        b"id,predicted_at,prediction,log_share\n"
        b"case-3,2026-03-02T09:00:00Z,yes,0.5\n"
        b"case-4,2026-03-02T09:00:00Z,yes,\n"
        b"case-5,2026-03-02T09:00:00Z,yes,much\n"
    )
    boss = make_member(model.project, Role.ENGINEER).user
    upload = uploads.draft(model, BatchKind.PREDICTIONS, file, name="rows.csv", content_type="text/csv", by=boss)
    uploads.confirm(upload)
    loading.load_due()
    upload.refresh_from_db()
    assert (upload.accepted, upload.rejected) == (2, {"invalid_type": 1})
    assert stored() == {"case-1": 0.2, "case-2": None, "case-3": 0.5, "case-4": None}


def test_it_is_shown_with_the_prediction(model: MonitoredModel) -> None:
    push_predictions(model, [prediction_row(1, log_share=0.2)])
    _, text = make_key(model.project, ["predictions:read"])
    where = f"/api/v1/models/{model.slug}/predictions"
    client = Client(headers={"Authorization": f"Bearer {text}"})
    one: Any = client.get(f"{where}/case-1")
    many: Any = client.get(where)
    assert one.json()["log_share"] == many.json()["predictions"][0]["log_share"] == 0.2
    exported: Any = client.get(f"{where}?format=csv")
    header, row = b"".join(exported.streaming_content).decode().splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))["log_share"] == "0.2"

    boss = Client()
    boss.force_login(make_member(model.project, Role.ENGINEER).user)
    page = boss.get(f"/p/{model.project.slug}/models/{model.slug}/cases/{Prediction.objects.get().pk}/")
    assert "Its sender logs a fraction of 0.2 of such traffic: it stands for" in page.content.decode()
