"""The predictions of a replay, read in pieces: bounded in memory, and each drawn with the same policies and rates."""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field

from django.db.models import QuerySet, Sum

from apps.planning.models import Replay
from apps.predictions.models import Batch, BatchKind, BatchStage, Prediction, Stage
from apps.sampling.services.policies import in_force_between
from apps.sampling.services.rates import RatedPolicy

MAX_ROWS = 50_000
MAX_BATCHES = 500


@dataclass
class Piece:
    """Batches, or parts of one, that were received under the same policies and rates."""

    policies: list[RatedPolicy]
    batches: list[Batch] = field(default_factory=list)
    rows: int = 0

    def takes(self, part: Batch, policies: list[RatedPolicy]) -> bool:
        """Whether the part was drawn alike and has room."""
        has_room = self.rows + _rows(part) <= MAX_ROWS and len(self.batches) < MAX_BATCHES
        return has_room and [each.key for each in policies] == [each.key for each in self.policies]


def pieces(replay: Replay) -> Iterator[Piece]:
    """Yield the predictions of the replay's days that were drawn from, oldest arrival first."""
    batches = drawn_batches(replay).order_by("received_at", "id")
    ends = [batch.received_at for batch in (batches.first(), batches.last()) if batch]
    if not ends:
        return
    timeline = in_force_between(replay.model, ends[0], ends[-1])
    piece: Piece | None = None
    for batch in batches.iterator(chunk_size=MAX_BATCHES):
        policies = timeline.at(batch.received_at)
        for part in _parts(batch):
            if piece is not None and not piece.takes(part, policies):
                yield piece
                piece = None
            piece = piece or Piece(policies)
            piece.batches.append(part)
            piece.rows += _rows(part)
    if piece is not None:
        yield piece


def drawn_batches(replay: Replay) -> QuerySet[Batch]:
    """Return the batches with predictions of the replay's days, as far as they were drawn from."""
    drawn: QuerySet[Batch] = _batches(replay).filter(stages__stage=Stage.DRAW, stages__done_at__isnull=False)
    return drawn


def waiting_rows(replay: Replay) -> int:
    """Count the rows that still wait for their draw, and so are not replayed."""
    undrawn = BatchStage.objects.filter(batch__in=_batches(replay), stage=Stage.DRAW, done_at=None)
    return int(undrawn.aggregate(rows=Sum("batch__accepted"))["rows"] or 0)


def _batches(replay: Replay) -> QuerySet[Batch]:
    batches = Batch.objects.filter(model=replay.model, kind=BatchKind.PREDICTIONS, first_id__isnull=False)
    if not replay.is_by_prediction:
        return batches.filter(received_at__gte=replay.start, received_at__lt=replay.end)
    made = Prediction.objects.filter(model=replay.model, predicted_at__gte=replay.start, predicted_at__lt=replay.end)
    return batches.filter(pk__in=made.order_by().values("batch").distinct())


def _parts(batch: Batch) -> Iterator[Batch]:
    """Split a batch by its range of ids, which may hold rows of other batches."""
    assert batch.first_id is not None
    assert batch.last_id is not None
    for first in range(batch.first_id, batch.last_id + 1, MAX_ROWS):
        part = copy(batch)
        part.first_id, part.last_id = first, min(first + MAX_ROWS - 1, batch.last_id)
        yield part


def _rows(part: Batch) -> int:
    return min(part.accepted, (part.last_id or 0) - (part.first_id or 0) + 1)
