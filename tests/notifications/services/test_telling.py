"""Events: each change that another system may act on, once, in order, with the same key."""

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.notifications.models import Alert, Delivery, Event, EventKind, Feed
from apps.notifications.services import delivering, telling
from apps.predictions.models import Prediction
from apps.registry.models import ReviewQueue
from apps.reports.models import Report
from apps.review import services as review
from apps.review.services import targeting
from apps.truth.services import resolving
from tests.factories import make_member, push_outcomes
from tests.notifications.receiver import make_endpoint
from tests.review.factories import answer, claim, decide, make_items, make_queue, reviewers
from tests.review.services.test_targeting import keys, undrawn_queue

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> ReviewQueue:
    queue = make_queue()
    make_items(queue, 3)
    return queue


def told() -> list[tuple[str, Any]]:
    """Resolve and tell, and return what is new."""
    last = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    resolving.resolve_due()
    telling.tell_due()
    return [(each.kind, each.data.get("id")) for each in Event.objects.filter(pk__gt=last).order_by("pk")]


def outcome(case: str, value: str, day: int) -> dict[str, Any]:
    return {"id": case, "outcome": value, "occurred_at": f"2026-04-{day:02}T00:00:00Z"}


def test_a_settled_review_is_told_once(queue: ReviewQueue) -> None:
    (anna,) = reviewers(queue, 1)
    item = answer(queue, anna, "no")
    case = item.prediction.external_id
    assert told() == [("review.settled", case)]
    assert told() == []
    event = Event.objects.get()
    assert event.data == {
        "model": queue.model.slug,
        "id": case,
        "prediction": "yes",
        "label": "no",
        "source": "consensus",
        "agrees": False,
        "previous": None,
    }
    assert (event.seq, event.prediction_id) == (1, item.prediction_id)
    assert event.occurred_at == queue.model.resolutions.get().resolved_at


def test_nothing_is_told_while_an_adjudicator_is_asked_and_then_both_events_are(queue: ReviewQueue) -> None:
    (anna,) = reviewers(queue, 1)
    item = answer(queue, anna, "no", verdict="dispute", note="Paid.")
    assert told() == []
    settle(queue, "no")
    case = item.prediction.external_id
    assert told() == [("review.settled", case), ("dispute.upheld", case)]
    assert Event.objects.get(kind=EventKind.SETTLED).data["source"] == "adjudication"


def test_a_dispute_settled_for_the_model_is_rejected(queue: ReviewQueue) -> None:
    (anna,) = reviewers(queue, 1)
    item = answer(queue, anna, "no", verdict="dispute", note="Paid.")
    settle(queue, "yes")
    case = item.prediction.external_id
    assert told() == [("review.settled", case), ("dispute.rejected", case)]


def test_a_dispute_of_an_earlier_round_is_not_told_again(queue: ReviewQueue) -> None:
    anna, ben = reviewers(queue, 2)
    item = answer(queue, anna, "no", verdict="dispute", note="Paid.")
    settle(queue, "no")
    assert len(told()) == 2
    boss = make_member(queue.model.project, Role.ENGINEER)
    review.reopen_item(item, by=boss.user, why="New papers")
    assert told() == []
    slot = next(each for each in review.claim_slots(queue, by=ben, limit=3) if each.item_id == item.pk)
    review.judge(slot, by=ben, lease_token=slot.lease_token, value="yes")
    decide(slot, ben)
    assert told() == [("review.settled", item.prediction.external_id)]


def settle(queue: ReviewQueue, value: str) -> None:
    judge = make_member(queue.model.project, Role.ADJUDICATOR)
    slot = claim(queue, judge)
    assert slot.is_adjudication
    decide(slot, judge, "agree" if value == "yes" else "correct", value=None if value == "yes" else value)


def test_a_corrected_outcome_is_told_and_a_first_one_is_not(queue: ReviewQueue) -> None:
    push_outcomes(queue.model, [outcome("case-1", "no", 1), outcome("case-4", "no", 1)])
    assert told() == []
    push_outcomes(queue.model, [outcome("case-1", "yes", 2)])
    assert told() == [("outcome.restated", "case-1")]
    assert Event.objects.get().data["previous"] == "no"


def test_a_targeted_review_is_told_too() -> None:
    queue = undrawn_queue()
    boss = make_member(queue.model.project, Role.ENGINEER)
    targeting.send_to_review(queue, keys(queue)[:1], by=boss.user)
    (anna,) = reviewers(queue, 1)
    item = answer(queue, anna, "no")
    assert told() == [("review.settled", item.prediction.external_id)]


@pytest.mark.parametrize(("maturing", "kinds"), [(0, ["report.final"]), (1, [])])
def test_a_report_is_told_when_all_its_days_are_closed(queue: ReviewQueue, maturing: int, kinds: list[str]) -> None:
    report = Report.objects.create(
        model=queue.model,
        kind="value",
        start="2026-03-01",
        end="2026-03-08",
        seq=1,
        as_of="2026-05-01T00:00Z",
        configuration_hash="",
        document={"cohorts": {"final": 7 - maturing, "maturing": maturing, "provisional": 0}},
    )
    assert [kind for kind, _ in told()] == kinds
    assert told() == []
    if kinds:
        assert Event.objects.get().data["url"].endswith(f"/reports/{report.pk}/")


def test_events_are_numbered_over_pages_that_end_within_one_number(
    queue: ReviewQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "PAGE", 2)
    cases = [each.external_id for each in Prediction.objects.filter(model=queue.model).order_by("pk")]
    push_outcomes(queue.model, [outcome(case, "no", 1) for case in cases])
    assert told() == []
    push_outcomes(queue.model, [outcome(case, "yes", 2) for case in cases])
    assert sorted(told()) == [("outcome.restated", case) for case in sorted(cases)]
    assert list(Event.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2, 3]


def test_a_page_that_was_left_half_read_is_read_on(queue: ReviewQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "PAGE", 2)
    push_outcomes(queue.model, [outcome(case, "no", 1) for case in ("case-1", "case-4", "case-7")])
    told()
    push_outcomes(queue.model, [outcome(case, "yes", 2) for case in ("case-1", "case-4", "case-7")])
    resolving.resolve_due()
    assert telling._tell_some(queue.model) == 2
    assert telling.tell_due() == 1


def test_telling_again_from_the_start_gives_the_same_keys(queue: ReviewQueue) -> None:
    (anna,) = reviewers(queue, 1)
    answer(queue, anna, "no")
    answer(queue, anna, "yes")
    told()
    before = list(Event.objects.order_by("seq").values_list("seq", "key", "data"))
    Event.objects.all().delete()
    Feed.objects.all().delete()
    told()
    assert list(Event.objects.order_by("seq").values_list("seq", "key", "data")) == before


def test_each_endpoint_gets_what_it_wants(queue: ReviewQueue, anna: Membership) -> None:
    wants = make_endpoint(queue.model.project, "https://a.example.org", ["review.settled"])
    make_endpoint(queue.model.project, "https://b.example.org", ["report.final"])
    make_endpoint(make_member(make_queue().model.project).project, "https://c.example.org")
    answer(queue, anna, "no")
    told()
    assert [each.endpoint for each in Delivery.objects.all()] == [wants]


@pytest.fixture
def anna(queue: ReviewQueue) -> Membership:
    return reviewers(queue, 1)[0]


def test_a_broken_transaction_tells_nothing_and_the_next_try_all(
    queue: ReviewQueue, anna: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_endpoint(queue.model.project, "https://a.example.org")
    answer(queue, anna, "no")
    resolving.resolve_due()

    def fail(*_: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(Delivery.objects, "bulk_create", fail)
        assert telling.tell_due() == 0
    assert not Event.objects.exists()
    assert telling.tell_due() == 1
    assert Delivery.objects.count() == 1
    assert connection.in_atomic_block


def test_an_alert_is_told_when_it_fires_and_when_it_is_over(queue: ReviewQueue) -> None:
    fired = {"state": "firing", "fired_at": timezone.now(), "value": 1, "title": "It moved.", "url": "/p/x/"}
    alert = Alert.objects.create(model=queue.model, kind="drift", **fired)
    Alert.objects.create(model=queue.model, kind="right", value=1, title="Not yet.", url="/p/x/")
    telling.tell_due()
    telling.tell_due()
    event = Event.objects.get()
    assert (event.kind, event.alert, event.data["rule"]) == ("alert.fired", alert, "drift")
    assert event.data["url"].endswith(f"/alerts/{alert.pk}/")
    Alert.objects.filter(pk=alert.pk).update(state="resolved", resolved_at=timezone.now())
    telling.tell_due()
    # It flaps: whoever listens is not told again.
    Alert.objects.filter(pk=alert.pk).update(state="firing", resolved_at=None)
    telling.tell_due()
    assert list(Event.objects.order_by("pk").values_list("kind", flat=True)) == ["alert.fired", "alert.resolved"]


def test_a_slack_room_gets_a_line_of_text_with_a_link(queue: ReviewQueue) -> None:
    fired = {"state": "firing", "fired_at": timezone.now(), "value": 1, "title": "A <b> & c.", "url": "/p/x/"}
    Alert.objects.create(model=queue.model, kind="drift", **fired)
    telling.tell_due()
    event = Event.objects.get()
    assert delivering.slack(event) == {"text": f"A &lt;b&gt; &amp; c. <{event.data['url']}|Look at it>"}
