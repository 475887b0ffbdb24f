"""Clients that push at the same time."""

import json
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from apps.predictions.models import Batch, Prediction
from tests.factories import make_key, make_model, make_project, prediction_row
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


class Api:
    """Clients of one model."""

    def __init__(self) -> None:
        project = make_project()
        make_model(project, "employment")
        self.key = make_key(project)[1]

    def send(self, rows: list[dict], **headers: str) -> Any:
        sent = {"authorization": f"Bearer {self.key}", **headers}
        url = "/api/v1/models/employment/predictions"
        return Client().post(url, json.dumps({"predictions": rows}), "application/json", headers=sent)

    def at_once(self, bodies: list[list[dict]], **headers: str) -> list[Any]:
        """Send each body from a client of its own, and return the answers."""
        return at_once(*(partial(self.send, rows, **headers) for rows in bodies))


@pytest.fixture
def api() -> Api:
    return Api()


def test_overlapping_ids_are_stored_once_each_without_deadlock(api):
    forwards = [prediction_row(n) for n in range(200)]
    answers = api.at_once([forwards, forwards[::-1], forwards[50:], forwards[:150][::-1]])
    assert Prediction.objects.count() == 200
    assert sum(answer.json()["accepted"] for answer in answers) == 200
    assert sum(answer.json()["duplicates"] for answer in answers) == 200 + 150 + 150
    assert sum(Batch.objects.values_list("accepted", flat=True)) == 200


@pytest.mark.parametrize("clients", [2, 20])
def test_concurrent_pushes_with_one_key_execute_once(api, clients):
    answers = api.at_once([[prediction_row(1), prediction_row(2)]] * clients, **{"Idempotency-Key": "same"})
    assert [answer.status_code for answer in answers] == [200] * clients
    assert [answer.json() for answer in answers] == [answers[0].json()] * clients
    assert answers[0].json()["accepted"] == 2
    assert Batch.objects.count() == 1
    assert Prediction.objects.count() == 2


def test_another_body_with_the_same_key_is_refused_while_the_first_push_is_running(api):
    answers = api.at_once([[prediction_row(number)] for number in range(6)], **{"Idempotency-Key": "same"})
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    assert Prediction.objects.count() == 1


@pytest.mark.slow
def test_two_clients_with_the_same_ids_store_each_id_once_in_a_thousand_rounds(api):
    """Each round, both push overlapping rows in opposite orders; without care, one would end in a deadlock."""
    rounds, accepted, duplicates = 1_000, 0, 0
    start = Barrier(2)

    def client(is_first: bool) -> list[dict]:
        answers = []
        for number in range(rounds):
            rows = [prediction_row(10 * number + row) for row in range(10)]
            start.wait(timeout=30)
            answers.append(api.send(rows[:7] if is_first else rows[:2:-1]).json())
        return answers

    deadlocks = _deadlocks()
    for answers in at_once(partial(client, True), partial(client, False)):
        accepted += sum(answer["accepted"] for answer in answers)
        duplicates += sum(answer["duplicates"] for answer in answers)
    assert (accepted, duplicates) == (10 * rounds, 4 * rounds)
    assert Prediction.objects.values("external_id").distinct().count() == Prediction.objects.count() == 10 * rounds
    assert _deadlocks() == deadlocks


def _deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])
