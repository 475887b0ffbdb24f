"""A thousand malformed pushes: each gets a documented answer quickly, and accepted rows are stored."""

import time
from random import Random
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.predictions.models import Batch, Outcome, Payload, Prediction
from tests import hostile
from tests.described import description
from tests.factories import make_key, make_model, make_project

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CASES = 1_000
PATH = "/api/v1/models/{model}/predictions"


def described() -> set[int]:
    return {int(status) for status in description()["paths"][PATH]["post"]["responses"]}


def check_stored(made: hostile.Push, answer: dict[str, Any]) -> None:
    """Check that accepted rows are stored once, as sent."""
    taken = made.taken(answer)
    assert taken is None or len(taken) == answer["accepted"] + answer["duplicates"]
    if answer["batch"] is None:
        assert answer["accepted"] == 0
        return
    assert Batch.objects.get(pk=answer["batch"]).accepted == answer["accepted"]
    if made.kind == "outcomes":
        assert Outcome.objects.filter(batch=answer["batch"]).count() == answer["accepted"]
        return
    names = dict(Prediction.objects.filter(batch=answer["batch"]).values_list("pk", "external_id"))
    payloads = Payload.objects.filter(prediction_id__in=names).values_list("prediction_id", "features")
    stored = {names[pk]: hostile.canonical(features) for pk, features in payloads}
    assert len(stored) == len(names) == answer["accepted"]
    if taken is not None:
        told = {row["id"]: hostile.canonical(row.get("features") or {}) for row in taken}
        assert {name: told[name] for name in stored} == stored


def test_every_answer_is_described_and_accepted_rows_are_stored_as_sent():
    project = make_project()
    make_model(project, "employment")
    client = Client(headers={"authorization": f"Bearer {make_key(project)[1]}"}, raise_request_exception=True)

    def answered(made: hostile.Push) -> None:
        started = time.monotonic()
        answer = client.generic(
            "POST",
            f"/api/v1/models/employment{made.path}",
            made.body,
            headers=made.headers,
            CONTENT_TYPE=made.content_type,
        )
        assert time.monotonic() - started < 10
        assert answer.status_code in described(), answer.content
        document = answer.json()
        if answer.status_code in {200, 207}:
            check_stored(made, document)
        elif "accepted" in document:
            assert (answer.status_code, document["batch"], document["accepted"]) == (422, None, 0)
        else:
            assert set(document) == {"code", "message", "details"}

    @settings(
        max_examples=CASES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=True))
    def send(rng: Random) -> None:
        with transaction.atomic():
            answered(hostile.push(rng))
            transaction.set_rollback(True)  # a failing case is the same when it is tried again

    send()
