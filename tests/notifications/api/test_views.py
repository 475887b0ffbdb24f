"""The events of a model over the API."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Role
from apps.notifications.models import Event
from apps.notifications.services import telling
from apps.predictions.models import CaseView
from apps.registry.models import ReviewQueue
from apps.truth.services import resolving
from tests.factories import make_key, make_member
from tests.review.factories import answer, make_items, make_queue, reviewers

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> ReviewQueue:
    """Three cases, settled."""
    queue = make_queue()
    make_items(queue, 3)
    (anna,) = reviewers(queue, 1)
    for _ in range(3):
        answer(queue, anna, "no")
    resolving.resolve_due()
    telling.tell_due()
    return queue


def ask(queue: ReviewQueue, *, scopes: list[str] | None = None, acts_for: Any = None, **query: Any) -> Any:
    _, text = make_key(queue.model.project, scopes, acts_for=acts_for)
    return Client(headers={"Authorization": f"Bearer {text}"}).get(f"/api/v1/models/{queue.model.slug}/events", query)


def test_events_come_in_order_page_by_page(queue: ReviewQueue) -> None:
    first = ask(queue, limit=2).json()
    assert [each["data"]["seq"] for each in first["events"]] == [1, 2]
    assert first["next"] == 2
    second = ask(queue, after=2).json()
    (event,) = second["events"]
    assert (event["type"], event["key"]) == ("review.settled", str(Event.objects.get(seq=3).key))
    assert ask(queue, after=3).json() == {"events": [], "next": 3}


@pytest.mark.slow
@pytest.mark.parametrize("query", [{"after": "x"}, {"after": -1}, {"limit": 0}, {"limti": 1}])
def test_a_query_that_makes_no_sense_is_refused(queue: ReviewQueue, query: dict[str, Any]) -> None:
    assert ask(queue, **query).status_code == 400


def test_only_a_key_that_reads_labels_reads_events(queue: ReviewQueue) -> None:
    assert ask(queue, scopes=["reports:read"]).status_code == 403
    assert ask(queue, scopes=["labels:read"]).status_code == 200
    reviewer = make_member(queue.model.project).user
    assert ask(queue, acts_for=reviewer).status_code == 403


def test_a_person_who_reads_events_has_seen_the_cases(queue: ReviewQueue) -> None:
    boss = make_member(queue.model.project, Role.ENGINEER).user
    ask(queue, acts_for=boss, limit=2)
    assert CaseView.objects.filter(user=boss).count() == 2
