"""What is still to be done in a model's queues, and what takes longest."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review.models import Dispute, Question, ReviewItem, Slot

CASES_SHOWN = 10


@dataclass(frozen=True)
class OpenWork:
    """One queue. Every open review is in one of the first four; those of adjudicators are counted beside."""

    queue: ReviewQueue
    waiting: int = 0
    in_hand: int = 0
    put_off: int = 0
    asked: int = 0
    late: int = 0
    adjudications: int = 0
    disputes: int = 0


def open_work(model: MonitoredModel) -> list[OpenWork]:
    """The model's queues with what is open in them."""
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for row in [*_slots(model), *_late(model), *_disputes(model)]:
        key = row.pop("queue", None) or row.pop("item__queue")
        counts[key].update(row)
    return [OpenWork(queue, **counts[queue.pk]) for queue in model.queues.order_by("id")]


def longest_open(model: MonitoredModel) -> list[ReviewItem]:
    """The cases that have been open for longest."""
    return list(_open_items(model).order_by("opened_at", "pk")[:CASES_SHOWN])


def most_passed_on(model: MonitoredModel) -> list[ReviewItem]:
    """The open cases that most people passed on, with `passed`."""
    passed = Count("slots", filter=Q(slots__outcome=Slot.Outcome.PASSED))
    return list(_open_items(model).annotate(passed=passed).filter(passed__gt=0).order_by("-passed", "pk")[:CASES_SHOWN])


def _open_items(model: MonitoredModel) -> QuerySet[ReviewItem]:
    items = ReviewItem.objects.reviews().filter(queue__model=model).exclude(state=ReviewItem.State.CLOSED)
    # Of the case nothing but its id: features are wide, and what the model said is not for this page.
    return items.select_related("prediction").only("pk", "opened_at", "state", "prediction__external_id")


def _slots(model: MonitoredModel) -> list[dict[str, int]]:
    asked = Exists(Question.objects.open().filter(slot=OuterRef("pk")))
    slots = Slot.objects.unfinished().filter(queue__model=model).annotate(is_asked=asked)
    review, is_later, is_held = Q(is_adjudication=False), Q(snoozed_until__gt=Now()), Q(lease_expires_at__gte=Now())
    free = review & Q(is_asked=False)
    counted = (
        slots.order_by()
        .values("queue")
        .annotate(
            asked=Count("pk", filter=review & Q(is_asked=True)),
            put_off=Count("pk", filter=free & is_later),
            in_hand=Count("pk", filter=free & ~is_later & is_held),
            waiting=Count("pk", filter=free & ~is_later & ~is_held),
            adjudications=Count("pk", filter=~review),
        )
    )
    return list(counted)


def _late(model: MonitoredModel) -> list[dict[str, int]]:
    late = ReviewItem.objects.filter(queue__model=model, due_at__lt=Now()).exclude(state=ReviewItem.State.CLOSED)
    return list(late.order_by().values("queue").annotate(late=Count("pk")))


def _disputes(model: MonitoredModel) -> list[dict[str, int]]:
    disputes = Dispute.objects.open().filter(item__queue__model=model)
    return list(disputes.order_by().values("item__queue").annotate(disputes=Count("pk")))
