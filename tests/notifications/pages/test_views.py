"""The pages of endpoints: who is told, what they got, what is sent again."""

import csv
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.audit.models import Entry
from apps.notifications.models import Delivery, Endpoint, Event
from apps.notifications.services import endpoints, telling
from apps.predictions.models import CaseView
from apps.registry.models import ReviewQueue
from apps.review import services as review
from apps.truth.services import resolving
from tests.common.test_egress import resolving_to
from tests.factories import make_member, make_project
from tests.notifications.receiver import make_endpoint
from tests.review.factories import answer, claim, make_items, make_queue, reviewers

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.org/countersign"


@pytest.fixture
def queue() -> ReviewQueue:
    queue = make_queue()
    make_items(queue, 3)
    return queue


@pytest.fixture
def owner(queue: ReviewQueue) -> Membership:
    return make_member(queue.model.project, Role.OWNER)


@pytest.fixture
def endpoint(queue: ReviewQueue) -> Endpoint:
    """An endpoint with two deliveries, of which one has failed."""
    made = make_endpoint(queue.model.project, URL)
    (anna,) = reviewers(queue, 1)
    answer(queue, anna, "no")
    answer(queue, anna, "yes")
    resolving.resolve_due()
    telling.tell_due()
    first = Delivery.objects.order_by("pk").first()
    Delivery.objects.filter(pk=first.pk).update(failed_at=timezone.now(), attempts=13, status=500, said="=down <b>")
    return made


def get(member: Membership, name: str, *arguments: Any, **query: Any) -> str:
    return text(_client(member).get(reverse(name, args=[member.project.slug, *arguments]), query))


def post(member: Membership, name: str, *arguments: Any, status: int = 200, **fields: Any) -> str:
    where = reverse(name, args=[member.project.slug, *arguments])
    return text(_client(member).post(where, fields, follow=True), status)


def _client(member: Membership) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return str(b"".join(response).decode())


def test_an_endpoint_is_added_with_a_secret_shown_once(owner: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    resolving_to(monkeypatch, "8.8.8.8")
    page = post(owner, "endpoint_create", status=422, url=URL)
    assert "This field is required" in page
    page = post(owner, "endpoint_create", url=URL, kinds=["review.settled"])
    made = Endpoint.objects.get()
    assert made.secret in page
    assert made.secret not in get(owner, "endpoints")
    assert made.secret not in get(owner, "endpoint", made.pk)
    assert made.secret not in str(list(Entry.objects.values()))
    assert Entry.objects.filter(act="endpoint.created", subject=f"endpoint {URL}").exists()


def test_an_address_inside_is_refused_in_words(owner: Membership) -> None:
    page = post(owner, "endpoint_create", status=422, url="https://127.0.0.1/x", kinds=["review.settled"])
    assert "The address leads into a private network." in page
    assert not Endpoint.objects.exists()


def test_a_project_has_a_bounded_number_of_endpoints(owner: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "MOST", 1)
    resolving_to(monkeypatch, "8.8.8.8")
    post(owner, "endpoint_create", url=URL, kinds=["review.settled"])
    again = post(owner, "endpoint_create", status=422, url=f"{URL}/2", kinds=["review.settled"])
    assert "at most 1 endpoints" in again


def test_deliveries_are_listed_filtered_and_downloaded(owner: Membership, endpoint: Endpoint) -> None:
    page = get(owner, "endpoint", endpoint.pk)
    assert page.count("Send again<") == 2
    assert "after 13\n" in page
    assert "=down &lt;b&gt;" in page
    failed = get(owner, "endpoint", endpoint.pk, state="failed")
    assert failed.count("Send again<") == 1
    case = Event.objects.order_by("seq").last().data["id"]
    assert get(owner, "endpoint", endpoint.pk, case=case).count("Send again<") == 1
    assert "No deliveries match." in get(owner, "endpoint", endpoint.pk, kind="report.final")
    assert get(owner, "endpoint", endpoint.pk, state="x").count("Send again<") == 2
    rows = list(csv.DictReader(get(owner, "endpoint_csv", endpoint.pk, state="failed").splitlines()))
    assert [(row["event"], row["status"], row["answer"]) for row in rows] == [("review.settled", "500", "'=down <b>")]


def test_failed_deliveries_are_sent_again(owner: Membership, endpoint: Endpoint) -> None:
    assert "1 event will be sent again" in post(owner, "endpoint_again", endpoint.pk)
    assert not Delivery.objects.failed().exists()
    assert "nothing to send" in post(owner, "endpoint_again", endpoint.pk)
    one = Delivery.objects.order_by("pk").last()
    assert "1 event will be sent again" in post(owner, "endpoint_again", endpoint.pk, delivery=one.pk)
    post(owner, "endpoint_again", endpoint.pk, status=404, delivery="x")


def test_events_are_replayed_from_a_number(owner: Membership, endpoint: Endpoint) -> None:
    model = owner.project.models.get()
    assert "1 event will be sent again" in post(owner, "endpoint_replay", endpoint.pk, model=model.pk, after=1)
    bad = post(owner, "endpoint_replay", endpoint.pk, model=model.pk, after="x")
    assert "Enter a whole number." in bad


def test_an_endpoint_is_paused_resumed_and_removed(owner: Membership, endpoint: Endpoint) -> None:
    assert 'pill warn">paused' in post(owner, "endpoint_act", endpoint.pk, act="pause")
    assert 'pill plain">active' in post(owner, "endpoint_act", endpoint.pk, act="resume")
    assert "No endpoints yet." in post(owner, "endpoint_act", endpoint.pk, act="remove")
    acts = list(Entry.objects.filter(subject__startswith="endpoint").order_by("number").values_list("act", flat=True))
    assert acts == ["endpoint.paused", "endpoint.resumed", "endpoint.removed"]


def test_another_project_has_no_such_endpoint(endpoint: Endpoint) -> None:
    stranger = make_member(make_project(), Role.OWNER)
    for name in ("endpoint_act", "endpoint_again", "endpoint_replay"):
        post(stranger, name, endpoint.pk, status=404)


def test_who_reads_deliveries_has_seen_the_cases_and_none_that_wait_for_them(
    queue: ReviewQueue, owner: Membership, endpoint: Endpoint
) -> None:
    settled = Event.objects.order_by("seq").last().prediction
    review.reopen_item(settled_item(settled), by=owner.user, why="again")
    slot = next(each for each in review.claim_slots(queue, by=owner, limit=3) if each.item.prediction_id == settled.pk)
    assert slot.judged_at is None
    assert f">{settled.external_id}<" not in get(owner, "endpoint", endpoint.pk)
    assert settled.external_id not in {
        row["case"] for row in csv.DictReader(get(owner, "endpoint_csv", endpoint.pk).splitlines())
    }
    assert not CaseView.objects.filter(user=owner.user, prediction=settled).exists()
    assert CaseView.objects.filter(user=owner.user, place="list").exists()
    assert claim(queue, owner).pk


def settled_item(prediction: Any) -> Any:
    from apps.review.models import ReviewItem

    return ReviewItem.objects.reviews().get(prediction=prediction)


def test_one_address_is_one_endpoint(owner: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    resolving_to(monkeypatch, "8.8.8.8")
    post(owner, "endpoint_create", url=URL, kinds=["review.settled"])
    again = post(owner, "endpoint_create", status=422, url=URL, kinds=["review.settled"])
    assert "This address is an endpoint already." in again
    assert Endpoint.objects.get().secret not in again
