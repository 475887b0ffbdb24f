"""Open work in a model's queues, and the cases that take longest."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now

from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review.models import Dispute, ReviewItem, Slot

CASES_SHOWN = 10


@dataclass(frozen=True)
class OpenWork:
    """One queue. The first four counts split the open reviews; open adjudications are counted separately."""

    queue: ReviewQueue
    waiting: int = 0
    in_hand: int = 0
    put_off: int = 0
    asked: int = 0
    late: int = 0
    adjudications: int = 0
    disputes: int = 0


def open_work(model: MonitoredModel) -> list[OpenWork]:
    """Count the open work in each of the model's queues."""
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for row in [*_slots(model), *_late(model), *_disputes(model)]:
        key = row.pop("queue", None) or row.pop("item__queue")
        counts[key].update(row)
    return [OpenWork(queue, **counts[queue.pk]) for queue in model.queues.order_by("id")]


def longest_open(model: MonitoredModel) -> list[ReviewItem]:
    """Return the cases that have been open longest."""
    return list(_open_items(model).order_by("opened_at", "pk")[:CASES_SHOWN])


def most_passed_on(model: MonitoredModel) -> list[ReviewItem]:
    """Return the open cases passed on most often, with the count as `passed`."""
    passed = Count("slots", filter=Q(slots__outcome=Slot.Outcome.PASSED))
    return list(_open_items(model).annotate(passed=passed).filter(passed__gt=0).order_by("-passed", "pk")[:CASES_SHOWN])


def _open_items(model: MonitoredModel) -> QuerySet[ReviewItem]:
    items = ReviewItem.objects.reviews().filter(queue__model=model).exclude(state=ReviewItem.State.CLOSED)
    # Only the case's id: features are wide, and this page must not reveal the prediction.
    return items.select_related("prediction").only("pk", "opened_at", "prediction__external_id")


def _slots(model: MonitoredModel) -> list[dict[str, int]]:
    slots, review, place = Slot.objects.filter(queue__model=model).with_place(), Q(is_adjudication=False), Slot.Place
    counted = (
        slots.order_by()
        .values("queue")
        .annotate(
            waiting=Count("pk", filter=review & Q(place__in=(place.WAITING, place.KEPT))),
            in_hand=Count("pk", filter=review & Q(place=place.IN_HAND)),
            put_off=Count("pk", filter=review & Q(place=place.PUT_OFF)),
            asked=Count("pk", filter=review & Q(place=place.ASKING)),
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
