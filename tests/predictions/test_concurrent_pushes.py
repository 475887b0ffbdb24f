"""Clients that push at the same moment."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from apps.predictions.models import Batch, Prediction
from tests.factories import make_key, make_model, make_project, prediction_row

pytestmark = pytest.mark.django_db(transaction=True)


def post_at_once(bodies: list[list[dict]], *, key: str = "") -> list[dict]:
    project = make_project()
    make_model(project, "employment")
    _, secret = make_key(project)

    def post(rows: list[dict]) -> dict:
        try:
            headers = {"authorization": f"Bearer {secret}", **({"Idempotency-Key": key} if key else {})}
            url = "/api/v1/models/employment/predictions"
            answer = Client().post(url, json.dumps({"predictions": rows}), "application/json", headers=headers)
            assert answer.status_code == 200, answer.content
            return answer.json()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(post, bodies))


def test_overlapping_ids_are_stored_once_each_without_deadlock():
    forwards = [prediction_row(n) for n in range(200)]
    answers = post_at_once([forwards, forwards[::-1], forwards[50:], forwards[:150][::-1]])
    assert Prediction.objects.count() == 200
    assert sum(answer["accepted"] for answer in answers) == 200
    assert sum(answer["duplicates"] for answer in answers) == 200 + 150 + 150
    assert sum(Batch.objects.values_list("accepted", flat=True)) == 200


def test_the_same_idempotency_key_at_once_executes_once():
    answers = post_at_once([[prediction_row(1)]] * 6, key="same")
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["accepted"] == 1
    assert Batch.objects.count() == 1
