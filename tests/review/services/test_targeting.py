"""Predictions sent to review by a person: judged like any other case, kept apart from every figure."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from apps.accounts.models import Membership, Role
from apps.audit.models import Entry
from apps.common.errors import ConflictError
from apps.predictions.models import Payload, Prediction
from apps.predictions.services import sightings
from apps.predictions.services.sightings import Place
from apps.registry.models import ReviewQueue
from apps.registry.services import archiving
from apps.reports.services import window_frames
from apps.review import services
from apps.review.models import ReviewItem
from apps.review.services import targeting
from apps.sampling.services import policies
from apps.truth.models import Resolution
from apps.truth.services import labels, resolving
from tests.factories import MORNING, draw_all, make_member, make_model, prediction_row, push_predictions
from tests.review.factories import NO_CHECKS, answer, claim, decide, judge, reviewers, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> ReviewQueue:
    """Five predictions, none of them drawn, and a queue in which two people answer each case."""
    return undrawn_queue(overlap=2)


def undrawn_queue(n: int = 5, **rules: Any) -> ReviewQueue:
    model = make_model()
    policies.put_document(model, {"floor": 1e-6, "queues": [{"name": "main", **NO_CHECKS, **rules}]})
    push_predictions(model, [row(3 * number + 1) for number in range(n)])
    draw_all(model)
    return ReviewQueue.objects.select_related("model__project").get(model=model)


@pytest.fixture
def ada(queue: ReviewQueue) -> Membership:
    return make_member(queue.model.project, Role.ENGINEER)


def keys(queue: ReviewQueue) -> list[int]:
    return list(Prediction.objects.filter(model=queue.model).order_by("pk").values_list("pk", flat=True))


def test_a_sent_case_has_no_draw_and_is_judged_like_any_other(queue: ReviewQueue, ada: Membership) -> None:
    assert targeting.send_to_review(queue, keys(queue)[:2], by=ada.user) == targeting.Sent(2, 0, 0, 0)
    items = ReviewItem.objects.filter(queue=queue)
    assert {(item.purpose, item.draw, item.is_blind, item.slots.count()) for item in items} == {
        ("targeted", None, True, 2)
    }
    assert all(item.features["age"] is not None for item in items)
    for person in reviewers(queue, 2):
        slot = claim(queue, person)
        assert slot.is_blind
        assert slot.revealed is None
        judge(slot, person, "no")
        decide(slot, person, "correct", value="no")
    assert ReviewItem.objects.filter(queue=queue, label=0.0).exists()
    entry = Entry.objects.get(act="cases.sent")
    assert entry.details == {"queue": "main", "cases": 2}


def test_nobody_is_served_what_they_chose(queue: ReviewQueue, ada: Membership) -> None:
    sightings.note(keys(queue), ada.user, Place.LIST)
    targeting.send_to_review(queue, keys(queue), by=ada.user)
    assert services.claim_slots(queue, by=ada) == []


def test_what_is_in_review_or_undrawn_or_gone_is_left(queue: ReviewQueue, ada: Membership) -> None:
    targeting.send_to_review(queue, keys(queue)[:1], by=ada.user)
    Payload.objects.filter(prediction=keys(queue)[1]).delete()
    push_predictions(queue.model, [prediction_row(90)])
    sent = targeting.send_to_review(queue, keys(queue), by=ada.user)
    assert sent == targeting.Sent(sent=3, in_review=1, not_drawn_yet=1, not_kept=1)
    assert targeting.send_to_review(queue, keys(queue), by=ada.user).sent == 0
    foreign = undrawn_queue()
    assert targeting.send_to_review(queue, keys(foreign), by=ada.user) == targeting.Sent(0, 0, 0, 0)


def test_one_call_sends_a_bounded_number(queue: ReviewQueue, ada: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targeting, "MOST", 3)
    assert targeting.send_to_review(queue, keys(queue), by=ada.user).sent == 3


def test_the_database_refuses_a_second_case(queue: ReviewQueue, ada: Membership) -> None:
    targeting.send_to_review(queue, keys(queue)[:1], by=ada.user)
    item = ReviewItem.objects.get(queue=queue)
    item.pk = None
    with pytest.raises(IntegrityError, match="one_case_per_prediction"), transaction.atomic():
        item.save(force_insert=True)


def test_an_archived_model_gets_no_cases(queue: ReviewQueue, ada: Membership) -> None:
    archiving.archive(queue.model, by=ada.user)
    queue.model.refresh_from_db()
    with pytest.raises(ConflictError):
        targeting.send_to_review(queue, keys(queue), by=ada.user)


def test_its_label_is_exported_as_targeted_and_moves_no_figure() -> None:
    queue = undrawn_queue()
    model, ada = queue.model, make_member(queue.model.project, Role.ENGINEER)
    targeting.send_to_review(queue, keys(queue)[:1], by=ada.user)
    start, end = MORNING.date(), MORNING.date() + timedelta(days=2)
    (anna,) = reviewers(queue, 1)
    answer(queue, anna, "no")
    assert resolving.resolve_due() == 1
    resolution = Resolution.objects.get(model=model)
    assert (resolution.source, resolution.label) == ("consensus", 0.0)
    (told,), _ = labels.label_page(model, seq=resolution.seq, after=0, limit=10)
    assert (told["reviewed"], told["targeted"]) == ("no", True)
    assert (told["inclusion_probability"], told["weight"]) == (None, None)
    draws = window_frames.draws_frame(
        model, start=start, end=end, seq=resolution.seq, as_of=resolution.resolved_at, slices=[]
    )
    assert draws.empty
    changes = window_frames.changes_frame(model, start=start, end=end, before=0, seq=resolution.seq)
    assert len(changes) == 1
    assert changes["label"].isna().all()


def test_a_later_dispute_is_settled_by_an_adjudicator() -> None:
    queue = undrawn_queue()
    ada, judge_ = (make_member(queue.model.project, role) for role in (Role.ENGINEER, Role.ADJUDICATOR))
    targeting.send_to_review(queue, keys(queue)[:1], by=ada.user)
    (anna,) = reviewers(queue, 1)
    answer(queue, anna, "no", verdict="dispute", note="Paid.")
    slot = claim(queue, judge_)
    assert slot.is_adjudication
    decide(slot, judge_, "correct", value="no")
    assert ReviewItem.objects.filter(queue=queue, adjudicated=0.0, order=F("queue__order")).exists()
