"""What a case is made of: its due time, the reviews it needs, and a copy of what was sent."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from apps.predictions.models import Prediction
from apps.predictions.services import contents
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review.models import ReviewItem, Slot
from apps.review.services.order import order_key
from apps.sampling.services.randomness import permanent_number

COPIED = ("features", "probabilities", "attributions", "attribution_base", "processed")


def due_at(queue: ReviewQueue) -> datetime | None:
    """Return when an item opened now is due, or None."""
    return timezone.now() + timedelta(hours=queue.due_hours) if queue.due_hours else None


def slots_of(item: ReviewItem) -> Iterator[Slot]:
    """Yield a slot for each review the item needs in its round."""
    key = order_key(item)
    for position in range(reviews_needed(item)):
        yield Slot(item=item, queue=item.queue, round=item.round, position=position, order_key=key)


def reviews_needed(item: ReviewItem) -> int:
    """Return how many people judge the item: the queue's overlap, at least two from its four-eyes amount on."""
    limit, amount = item.queue.four_eyes_amount, item.prediction.amount
    asks_two = limit is not None and amount is not None and amount >= limit
    return max(item.queue.overlap, 2) if asks_two else item.queue.overlap


def payloads(predictions: list[Prediction]) -> dict[int, dict[str, Any]]:
    """Return what an item copies of each prediction's payload."""
    rows = contents.kept(predictions).values_list("prediction_id", *COPIED)
    return {key: dict(zip(COPIED, values, strict=True)) for key, *values in rows}


def open_cases(model: MonitoredModel, cases: Sequence[tuple[Prediction, ReviewQueue]]) -> list[ReviewItem]:
    """Open a case for each of the model's predictions whose features are kept. None of them is in review."""
    kept = payloads([each for each, _ in cases]) if cases else {}
    items: list[ReviewItem] = ReviewItem.objects.bulk_create(
        ReviewItem(
            purpose=ReviewItem.Purpose.TARGETED,
            prediction=each,
            queue=queue,
            # As a draw would decide, so that the desk shows it like any other case.
            is_blind=permanent_number(bytes(model.salt), each.external_id, "blind") < model.blind_share,
            order=queue.order,
            due_at=due_at(queue),
            **kept[each.pk],
        )
        for each, queue in cases
        if each.pk in kept
    )
    slots = [slot for item in items for slot in slots_of(item)]
    Slot.objects.bulk_create(sorted(slots, key=lambda slot: slot.order_key))
    return items
