"""Slices declared after predictions came: which batches lack them, and their values from what was sent."""

from collections.abc import Sequence
from itertools import islice

import msgspec
from django.db import connection
from django.db.models.functions import Now

from apps.common.isolation import one_by_one
from apps.common.leases import RELEASED
from apps.predictions.models import Batch, BatchStage, Payload, Stage
from apps.registry.models import MonitoredModel, Slice

ROWS_AT_ONCE = 5_000
FILL = """
UPDATE predictions_prediction AS row SET slices = row.slices || filled.value::jsonb
FROM unnest(%s::bigint[], %s::text[]) AS filled (id, value) WHERE row.id = filled.id
"""

# The value of each slice, by its key.
Values = dict[str, str]


def note_missing() -> None:
    """Make every drawn batch due that lacks a slice of its model."""
    one_by_one(MonitoredModel.objects.exclude(slices=[]), _note_missing, name="fill_slices")


def _note_missing(model: MonitoredModel) -> None:
    lacking = Batch.objects.filter(model=model).lacking(*(each.key for each in model.slice_list))
    again = BatchStage.objects.filter(batch__in=lacking, stage=Stage.FILL_SLICES, done_at__isnull=False)
    again.update(done_at=None, attempts=0, error="", created_at=Now(), **RELEASED)
    new = [BatchStage(batch=batch, stage=Stage.FILL_SLICES) for batch in lacking]
    BatchStage.objects.bulk_create(new, ignore_conflicts=True, batch_size=ROWS_AT_ONCE)


def missing(model: MonitoredModel, batch: Batch) -> list[Slice]:
    """Return the slices of the model that the batch's rows do not hold."""
    return [each for each in model.slice_list if each.key not in batch.slices]


def fill(batch: Batch, slices: Sequence[Slice]) -> dict[int, Values]:
    """Write the slices of the batch's rows, as far as what was sent is still there. Returns their values by id."""
    payloads = Payload.objects.filter(
        prediction_id__gte=batch.first_id, prediction_id__lte=batch.last_id, received_at=batch.received_at
    )
    sent = payloads.values_list("prediction_id", "features").iterator(chunk_size=ROWS_AT_ONCE)
    filled: dict[int, Values] = {}
    while some := list(islice(sent, ROWS_AT_ONCE)):
        values = {key: {each.key: each.value(features) for each in slices} for key, features in some}
        with connection.cursor() as cursor:
            cursor.execute(FILL, [list(values), [msgspec.json.encode(each).decode() for each in values.values()]])
        filled |= values
    batch.slices = [*batch.slices, *(each.key for each in slices)]
    batch.save(update_fields=["slices"])
    return filled
