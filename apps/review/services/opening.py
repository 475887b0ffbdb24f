"""From draws to cases: an item for each draw, with a copy of its payload, and a slot for each review it needs."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.predictions.models import Batch, BatchStage, Prediction, Stage
from apps.predictions.services import contents, stages
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review.models import ReviewItem, Slot
from apps.review.services import probing
from apps.review.services.order import order_key
from apps.sampling.models import Draw

CHUNK = 2_000
COPIED = ("features", "probabilities", "attributions", "attribution_base", "processed")


def open_due_items() -> int:
    """Open the items of all drawn batches. Returns how many batches."""
    return stages.consume(Stage.OPEN_ITEMS, open_batches)


@transaction.atomic
def open_batches(_model: MonitoredModel, states: list[BatchStage]) -> None:
    """Open items and slots of these batches; they commit together with the state of the batches."""
    # First, since this locks the rows: no other worker can take the batches over while the rest runs.
    stages.finish(states)
    for draws in _chunks([state.batch for state in states]):
        _open(draws)


def _chunks(batches: list[Batch]) -> Iterator[list[Draw]]:
    last, end = min(batch.first_id or 0 for batch in batches) - 1, max(batch.last_id or 0 for batch in batches)
    draws = Draw.objects.filter(batch__in=batches, item=None, prediction__lte=end)
    draws = draws.select_related("prediction__hold", "queue__model")
    while chunk := list(draws.filter(prediction__gt=last).order_by("prediction")[:CHUNK]):
        yield chunk
        last = chunk[-1].prediction_id


def _open(draws: list[Draw]) -> None:
    sent = payloads([draw.prediction for draw in draws])
    items = ReviewItem.objects.bulk_create(
        _item(draw, sent.get(draw.prediction_id, {"features": {}})) for draw in draws
    )
    slots = [slot for item in items for slot in slots_of(item)] + probing.probes_beside(items)
    # In serving order, so that a slot's id does not give a probe away.
    Slot.objects.bulk_create(sorted(slots, key=lambda slot: slot.order_key))


def _item(draw: Draw, sent: dict[str, Any]) -> ReviewItem:
    return ReviewItem(
        draw=draw,
        prediction=draw.prediction,
        queue=draw.queue,
        is_blind=draw.is_blind,
        order=draw.queue.order,
        due_at=_due_at(draw),
        **sent,
    )


def _due_at(draw: Draw) -> datetime | None:
    hold = getattr(draw.prediction, "hold", None)
    return due_at(draw.queue) if hold is None else hold.until


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
