"""The rows of batches with few queries: batches whose ids lie close together are read as one run."""

from collections.abc import Iterator

from django.db.models import QuerySet

from apps.predictions.models import Batch, Payload, Prediction

# Each query on the payloads costs milliseconds, but rows of other batches in between are read in vain.
GAP = 100_000


def in_runs(batches: list[Batch]) -> Iterator[tuple[QuerySet[Prediction], QuerySet[Payload]]]:
    """Yield the predictions and the payloads of each run; among the payloads may be those of other batches."""
    for run in _runs(batches):
        first, last = min(each.first_id or 0 for each in run), max(each.last_id or 0 for each in run)
        times = [each.received_at for each in run]
        rows = Prediction.objects.filter(id__gte=first, id__lte=last, batch__in=run)
        # Filter by time as well: payloads are partitioned by it.
        sent = Payload.objects.filter(prediction_id__gte=first, prediction_id__lte=last)
        yield rows, sent.filter(received_at__gte=min(times), received_at__lte=max(times))


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
