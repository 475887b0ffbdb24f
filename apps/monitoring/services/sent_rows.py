"""Read the features of batches as they were sent, with few queries and bounded memory."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from zoneinfo import ZoneInfo

import msgspec
from django.db.models import TextField
from django.db.models.functions import Cast

from apps.monitoring.services.shape import Document, Rows
from apps.predictions.models import Batch, Payload, Prediction

ROWS_AT_ONCE = 5_000
# Read batches together if their ids are at most this far apart: each query on the payloads costs milliseconds, but
# rows of other batches in between are read in vain.
GAP = 100_000

_decode = msgspec.json.Decoder(dict).decode


def sent_rows(batches: list[Batch], *, zone: ZoneInfo) -> Iterator[Rows]:
    """Iterate over the rows of these batches, grouped by batch and version."""
    for run in _runs(batches):
        by_id = {batch.pk: batch for batch in run}
        days = {batch.pk: batch.received_at.astimezone(zone).date() for batch in run}
        for (key, version), documents in _documents(run):
            yield Rows(documents, version, days[key], by_id[key].received_at)


def _runs(batches: list[Batch]) -> list[list[Batch]]:
    """Sort the batches by id and split them where the gap is wide."""
    runs: list[list[Batch]] = []
    end = None
    for batch in sorted(batches, key=lambda each: each.first_id or 0):
        assert batch.first_id is not None
        assert batch.last_id is not None
        if end is None or batch.first_id - end > GAP:
            runs.append([])
        runs[-1].append(batch)
        end = max(end or 0, batch.last_id)
    return runs


def _documents(run: list[Batch]) -> Iterator[tuple[tuple[int, int], list[Document]]]:
    """Iterate over features, grouped by batch and version."""
    first, last = min(each.first_id or 0 for each in run), max(each.last_id or 0 for each in run)
    times = [each.received_at for each in run]
    rows = Prediction.objects.filter(id__gte=first, id__lte=last, batch__in=run)
    groups = {key: (batch, version) for key, batch, version in rows.values_list("id", "batch_id", "version_id")}
    # Filter by time as well: payloads are partitioned by it.
    sent = Payload.objects.filter(prediction_id__gte=first, prediction_id__lte=last)
    sent = sent.filter(received_at__gte=min(times), received_at__lte=max(times))
    texts = sent.annotate(text=Cast("features", TextField())).values_list("prediction_id", "text")
    stream = texts.iterator(chunk_size=ROWS_AT_ONCE)
    while chunk := list(islice(stream, ROWS_AT_ONCE)):
        documents: dict[tuple[int, int], list[Document]] = defaultdict(list)
        for key, text in chunk:
            # Rows of other batches can lie between a batch's ids.
            if (group := groups.get(key)) is not None:
                documents[group].append(_decode(text))
        yield from documents.items()
