"""Verdicts over the API: waited for within bounds, the same for all, and never shown to who has yet to judge."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Role
from apps.predictions.models import Hold
from apps.registry.models import ReviewQueue
from apps.review.api import verdicts
from tests.factories import make_key, make_member
from tests.review.factories import answer, claim, reviewers
from tests.review.services.test_verdicts import held_queue

pytestmark = pytest.mark.django_db


def ask(queue: ReviewQueue, *, scopes: list[str] | None = None, acts_for: Any = None, **query: Any) -> Any:
    _, text = make_key(queue.model.project, scopes, acts_for=acts_for)
    client = Client(headers={"Authorization": f"Bearer {text}"})
    return client.get(f"/api/v1/models/{queue.model.slug}/predictions/case-1/verdict", query)


def test_a_verdict_is_waiting_then_human() -> None:
    queue = held_queue(hold_default="yes")
    first = ask(queue, scopes=["predictions:write"]).json()
    assert (first["status"], first["verdict"], first["answered_at"]) == ("waiting", None, None)
    (anna,) = reviewers(queue, 1)
    answer(queue, anna, "no")
    second = ask(queue, scopes=["predictions:read"]).json()
    assert (second["status"], second["verdict"]) == ("human", "no")
    assert ask(queue).json() == second


@pytest.mark.parametrize("query", [{"wait": "x"}, {"wait": -1}, {"wait": 60}, {"wiat": 1}])
def test_a_query_that_makes_no_sense_is_refused(query: dict[str, Any]) -> None:
    assert ask(held_queue(), **query).status_code == 400


def test_who_has_yet_to_judge_it_does_not_learn_the_verdict() -> None:
    queue = held_queue()
    boss = make_member(queue.model.project, Role.ENGINEER)
    claim(queue, boss)
    refused = ask(queue, acts_for=boss.user)
    assert (refused.status_code, refused.json()["code"]) == (409, "judge_first")
    assert ask(queue, scopes=["reports:read"]).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_a_caller_waits_until_it_is_there() -> None:
    queue = held_queue(hold_default="yes")

    def end() -> None:
        time.sleep(0.4)
        Hold.objects.update(until=timezone.now())
        connections.close_all()

    thread = threading.Thread(target=end)
    thread.start()
    started = time.monotonic()
    got = ask(queue, wait=10).json()
    thread.join()
    assert (got["status"], got["verdict"]) == ("default", "yes")
    assert time.monotonic() - started < 5


def test_where_too_many_wait_the_answer_comes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = held_queue()
    monkeypatch.setattr(verdicts, "_places", threading.BoundedSemaphore(1))
    verdicts._places.acquire()
    started = time.monotonic()
    assert ask(queue, wait=10).json()["status"] == "waiting"
    assert time.monotonic() - started < 5


def test_a_wait_ends() -> None:
    queue = held_queue()
    Hold.objects.update(until=timezone.now() + timedelta(days=1))
    started = time.monotonic()
    assert ask(queue, wait=0.5).json()["status"] == "waiting"
    assert 0.5 <= time.monotonic() - started < 5
