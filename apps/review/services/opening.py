"""From draws to cases: an item for each draw, with a copy of what was sent, and a slot for each review needed."""

from collections.abc import Iterator
from typing import Any

import structlog
from django.db import transaction

from apps.common.errors import LeaseLostError
from apps.predictions import stages
from apps.predictions.models import BatchStage, Payload, Stage
from apps.review.models import ReviewItem, Slot
from apps.sampling.models import Draw
from apps.sampling.randomness import permanent_number

log = structlog.get_logger(__name__)

CHUNK = 2_000
COPIED = ("features", "probabilities", "attributions", "attribution_base")


def open_due_items() -> int:
    """Open the items of every batch whose draws nobody has opened yet; how many items there were."""
    opened = 0
    while claimed := stages.claim(Stage.OPEN_ITEMS):
        try:
            opened += open_batches(claimed)
        except LeaseLostError:
            log.warning("open_items_lease_lost")
        except Exception as error:
            stages.note_failure(claimed, error)
            raise
    return opened


@transaction.atomic
def open_batches(claimed: list[BatchStage]) -> int:
    """Items and slots of these batches, committed together with their state."""
    # First, for this locks the rows: nobody takes the batches over, however long the rest lasts.
    stages.finish(claimed)
    return sum(_open(draws) for draws in _chunks([stage.batch_id for stage in claimed]))


def _chunks(batches: list[int]) -> Iterator[list[Draw]]:
    draws = Draw.objects.filter(batch__in=batches, item=None).select_related("prediction", "queue__model")
    last = 0
    while chunk := list(draws.filter(prediction__gt=last).order_by("prediction")[:CHUNK]):
        yield chunk
        last = chunk[-1].prediction_id


def _open(draws: list[Draw]) -> int:
    sent = _payloads(draws)
    items = ReviewItem.objects.bulk_create(
        ReviewItem(
            draw=draw,
            prediction=draw.prediction,
            queue=draw.queue,
            is_blind=draw.is_blind,
            **sent.get(draw.prediction_id, {"features": {}}),
        )
        for draw in draws
    )
    Slot.objects.bulk_create(slot for item in items for slot in _slots(item))
    return len(items)


def _slots(item: ReviewItem) -> Iterator[Slot]:
    key = order_key(item)
    for position in range(item.queue.overlap):
        yield Slot(item=item, queue=item.queue, position=position, order_key=key)


def order_key(item: ReviewItem) -> float:
    """The item's random place in its queue, by a hash of its own."""
    return permanent_number(bytes(item.model.salt), item.prediction.external_id, "order")


def _payloads(draws: list[Draw]) -> dict[int, dict[str, Any]]:
    """What was sent with each prediction. The range finds the rows (BRIN), the moments name the partitions."""
    ids = [draw.prediction_id for draw in draws]
    rows = Payload.objects.filter(
        prediction_id__gte=ids[0],
        prediction_id__lte=ids[-1],
        prediction_id__in=ids,
        received_at__in={draw.prediction.received_at for draw in draws},
    )
    return {key: dict(zip(COPIED, values, strict=True)) for key, *values in rows.values_list("prediction_id", *COPIED)}
