"""Reviewers' answers, written straight to the database: who answered what, when, and how fast."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from apps.accounts.models import User
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review.models import Decision, GoldAnswer, ReviewItem, Slot
from apps.truth.services import resolving
from tests.append_only import rewriting
from tests.factories import make_model, push_outcomes
from tests.review.factories import make_items, make_queue

YESTERDAY = timedelta(days=1)


def make_cases(n: int, **changes: Any) -> list[ReviewItem]:
    """Make blind cases of a new model, all predicted "yes", with no open slot."""
    items = make_items(make_queue(**changes), n)
    return without_slots(items)


def without_slots(items: list[ReviewItem]) -> list[ReviewItem]:
    Slot.objects.filter(item__in=items).delete()
    ReviewItem.objects.filter(pk__in=[item.pk for item in items]).update(state=ReviewItem.State.CLOSED)
    return list(ReviewItem.objects.filter(pk__in=[item.pk for item in items]).order_by("pk"))


def say(
    item: ReviewItem,
    user: User,
    value: float,
    *,
    kept: float | None = None,
    at: datetime | None = None,
    ms: int | None = 8_000,
    blind: bool = True,
    note: str = "",
    is_adjudication: bool = False,
    shown: str = "none",
    is_partial: bool = False,
    similar_at: datetime | None = None,
) -> Slot:
    """Record an answer, by default from yesterday. For a blind case, `kept` is the answer after the reveal."""
    moment = at or timezone.now() - YESTERDAY
    slot = Slot.objects.create(
        item=item,
        queue=item.queue,
        position=item.slots.count(),
        reviewer=user,
        order_key=0.5,
        is_adjudication=is_adjudication,
        outcome=Slot.Outcome.ANSWERED,
        closed_at=moment,
        similar_at=similar_at,
    )
    is_blind = blind and not is_adjudication
    decisions = [(True, value, ms)] if is_blind else []
    decisions.append((False, value if kept is None else kept, 0 if is_blind and ms is not None else ms))
    for is_judgement, each, took in decisions:
        decision = Decision.objects.create(
            slot=slot,
            item=item,
            reviewer=user,
            is_judgement=is_judgement,
            was_blind=is_blind,
            shown=shown if is_judgement else "",
            is_shown_in_part=is_judgement and is_partial,
            verdict="" if is_judgement else "agree",
            value=each,
            active_ms=took,
            note="" if is_judgement else note,
            lease_token=uuid4(),
        )
        with rewriting():
            Decision.objects.filter(pk=decision.pk).update(decided_at=moment)
    return slot


def settle(item: ReviewItem, user: User, value: float, *, note: str = "", q: float = 1.0) -> None:
    """Record an adjudication and resolve it."""
    say(item, user, value, note=note, is_adjudication=True)
    fields = {"adjudicated": value, "adjudicated_at": timezone.now() - YESTERDAY, "adjudication_probability": q}
    ReviewItem.objects.filter(pk=item.pk).update(**fields, is_adjudication_chosen=True, needs_resolution=True)
    resolving.resolve_due()


def come_true(items: list[ReviewItem], outcome: str = "yes") -> None:
    """Push the outcome of these cases and resolve it."""
    occurred_at = "2026-03-20T00:00:00Z"
    rows = [{"id": item.prediction.external_id, "outcome": outcome, "occurred_at": occurred_at} for item in items]
    push_outcomes(items[0].model, rows)
    resolving.resolve_due()


def gold_probe(original: ReviewItem, value: float) -> ReviewItem:
    """Make a probe of a case with a known answer."""
    gold, _ = GoldAnswer.objects.get_or_create(item=original, queue=original.queue, defaults={"value": value})
    return _probe(original, purpose=ReviewItem.Purpose.GOLD, gold=gold)


def repeat_probe(slot: Slot) -> ReviewItem:
    """Make a probe of a case that the same person has answered before."""
    return _probe(slot.item, purpose=ReviewItem.Purpose.REPEAT, repeats=slot)


def _probe(original: ReviewItem, **fields: Any) -> ReviewItem:
    return ReviewItem.objects.create(
        prediction=original.prediction,
        queue=original.queue,
        is_blind=True,
        state=ReviewItem.State.CLOSED,
        features={},
        **fields,
    )


def number_model() -> MonitoredModel:
    """Make a regression model that draws everything."""
    from apps.sampling.services import policies

    changes = {"task": "regression", "classes": [], "positive_class": "", "class_labels": {}, "unit": "USD"}
    model = make_model(**changes, slices=[], prediction_range=[0, 100])
    policies.put_document(model, {"floor": 1.0})
    return model


def number_cases(n: int) -> list[ReviewItem]:
    """Make cases of a regression model, all predicted 50."""
    queue = ReviewQueue.objects.select_related("model__project").get(model=number_model())
    content = {"prediction": 50.0, "score": None, "baseline": None, "probabilities": None}
    return without_slots(make_items(queue, n, **content))
