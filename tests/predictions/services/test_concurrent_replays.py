"""Clients that try the same rejected rows again at the same time."""

import json
from functools import partial

import pytest
from django.test import Client

from apps.predictions.models import Batch, Prediction, RejectedRow
from tests.factories import make_key, make_model, make_project, prediction_row, push_predictions
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_concurrent_replays_store_each_row_once():
    project = make_project()
    model = make_model(project, "employment")
    push_predictions(model, [prediction_row(n, score=7) for n in range(300)])
    for row in RejectedRow.objects.all():
        row.raw = json.dumps(prediction_row(row.index)).encode()
        row.save()
    secret = make_key(project)[1]
    ids = list(RejectedRow.objects.values_list("pk", flat=True))
    push = json.dumps({"predictions": [prediction_row(n) for n in range(0, 300, 3)][::-1]})

    def post(path: str, body: str) -> dict:
        headers = {"authorization": f"Bearer {secret}"}
        answer = Client().post(f"/api/v1/models/employment/{path}", body, "application/json", headers=headers)
        assert answer.status_code == 200, answer.content
        return answer.json()

    bodies = [{}, {"ids": ids[::-1]}, {"code": "probability_range"}, {"ids": ids[100:200]}]
    calls = [("quarantine/replay", json.dumps(body)) for body in bodies] + [("predictions", push)]
    answers = at_once(*(partial(post, *call) for call in calls))
    assert Prediction.objects.count() == 300
    assert sum(answer["accepted"] for answer in answers) == 300
    assert not RejectedRow.objects.waiting().exists()
    assert sum(Batch.objects.values_list("accepted", flat=True)) == 300
