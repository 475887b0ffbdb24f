"""From draws to cases: an item for each draw, with a copy of its payload, and a slot for each review it needs."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.predictions.models import Batch, BatchStage, Stage
from apps.predictions.services import stages
from apps.registry.models import MonitoredModel
from apps.review.models import ReviewItem, Slot
from apps.review.services import probing, shadowing
from apps.review.services.casework import due_at, payloads, slots_of
from apps.sampling.models import Draw

CHUNK = 2_000


def open_due_items() -> int:
    """Open the items of all drawn batches. Returns how many batches."""
    return stages.consume(Stage.OPEN_ITEMS, open_batches)


@transaction.atomic
def open_batches(model: MonitoredModel, states: list[BatchStage]) -> None:
    """Open items and slots of these batches; they commit together with the state of the batches."""
    # First, since this locks the rows: no other worker can take the batches over while the rest runs.
    stages.finish(states)
    batches = [state.batch for state in states]
    if model.shadow_of_id is not None:
        shadowing.open_drawn(model, batches)
        return
    for draws in _chunks(batches):
        _open(draws)
    shadowing.open_for_shadows(model, batches)


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
