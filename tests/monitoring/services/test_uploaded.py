"""Uploaded training data are the reference from then on, and freeze bins before the first prediction arrives."""

import json

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from apps.accounts.models import Role
from apps.audit.models import Entry
from apps.monitoring.models import DayCount, Reference, Series
from apps.monitoring.services import day_counting, inspecting, references, uploaded
from apps.monitoring.services.history import add_stored
from apps.monitoring.services.placing import Layout
from tests.factories import make_key, make_member, make_model, make_project, prediction_row, push_predictions

pytestmark = pytest.mark.django_db


def put(model, rows, **headers):
    _, secret = make_key(model.project, acts_for=make_member(model.project, Role.ENGINEER).user)
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {secret}")
    body = json.dumps({"predictions": rows})
    return client.put(f"/api/v1/models/{model.slug}/reference", body, content_type="application/json", **headers)


def rows(numbers, **changes):
    return [prediction_row(n, **changes) for n in numbers]


def test_uploaded_rows_are_the_reference_and_are_not_kept():
    model = make_model()
    answer = put(model, rows(range(300)))
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["source"], answer.json()["rows"], answer.json()["start"]) == ("uploaded", 300, None)
    usual = references.usual(references.current(model), Layout.of(model))
    sex = Series.objects.get(model=model, stage="feature", name="sex")
    assert usual.of(sex).tolist() == [150, 150, 0, 0]
    assert usual.sample.codes.shape == (300, len(usual.sample.series))
    assert not model.batches.exists()
    assert Entry.objects.get(act="reference.uploaded").details["rows"] == 300


def test_days_are_counted_on_its_bins_from_the_first_prediction_on():
    model = make_model()
    put(model, rows(range(300)))
    push_predictions(model, rows(range(5)))
    inspecting.inspect_due()
    series = Series.objects.get(model=model, stage="feature", name="sex")
    row = DayCount.objects.get()
    vector = np.zeros(10_000, dtype=np.int64)
    add_stored(vector, row.counts)
    assert vector[series.within].sum() == 5


def test_what_arrived_before_is_counted_too():
    model = make_model()
    push_predictions(model, rows(range(5)))
    inspecting.inspect_due()
    put(model, rows(range(300)))
    day_counting.catch_up_due()
    assert DayCount.objects.count() == 1


def test_a_later_reference_takes_its_place():
    model = make_model()
    put(model, rows(range(300)))
    put(model, rows(range(400)))
    assert (references.current(model).number, references.current(model).rows) == (2, 400)


def test_a_refused_row_refuses_all():
    model = make_model()
    answer = put(model, [*rows(range(299)), prediction_row(300, score=7)])
    assert answer.status_code == 422
    assert answer.json()["code"] == "rows_rejected"
    assert not Reference.objects.exists()
    assert not Series.objects.exists()


def test_too_few_rows_are_refused():
    answer = put(make_model(), rows(range(9)))
    assert answer.status_code == 400
    assert "at least 100 rows" in answer.content.decode()


def test_a_file_on_the_page_does_the_same(client):
    project = make_project("credit")
    model = make_model(project, "loans")
    client.force_login(make_member(project, Role.ENGINEER).user)
    lines = b"\n".join(json.dumps(row).encode() for row in rows(range(200)))
    url = "/p/credit/models/loans/data/reference/"
    client.post(url, {"file": SimpleUploadedFile("train.ndjson", lines)})
    assert references.current(model).rows == 200
    answer = client.post(url, {"file": SimpleUploadedFile("train.xlsx", lines)}, follow=True)
    assert "ends in .json" in answer.content.decode()
    assert uploaded.SAMPLED >= 200
