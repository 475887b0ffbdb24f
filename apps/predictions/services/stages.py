"""Take batches through the stages: each is claimed under a lease and consumed exactly once."""

from collections.abc import Callable, Iterable
from datetime import datetime

import structlog
from django.db.models import Min
from django.db.models.functions import Now

from apps.common.errors import LeaseLostError
from apps.common.leases import RELEASED
from apps.predictions.models import Batch, BatchStage, Stage
from apps.registry.models import MonitoredModel

log = structlog.get_logger(__name__)

LEASE_SECONDS = 60
MAX_ROWS_PER_CLAIM = 50_000
# A claim lost with a killed worker counts as an attempt, so this leaves room for bad days.
MAX_ATTEMPTS = 20


def claim(stage: Stage) -> list[BatchStage]:
    """Lease the oldest due batches of a stage, together up to MAX_ROWS_PER_CLAIM rows."""
    due = BatchStage.objects.due(stage).filter(attempts__lt=MAX_ATTEMPTS)
    chosen: list[int] = []
    rows = 0
    for key, accepted in due.unleased().values_list("pk", "batch__accepted")[:500]:
        if chosen and rows + accepted > MAX_ROWS_PER_CLAIM:
            break
        chosen.append(key)
        rows += accepted
    if not chosen:
        return []
    return due.filter(pk__in=chosen).claim(seconds=LEASE_SECONDS, limit=len(chosen))


def finish(stages: list[BatchStage]) -> None:
    """Mark the batches consumed, in the transaction of the stage's own writes. Raises LeaseLostError."""
    held = BatchStage.objects.held(stages[0].lease_token).filter(pk__in=[stage.pk for stage in stages], done_at=None)
    if held.update(done_at=Now(), error="", **RELEASED) != len(stages):
        raise LeaseLostError("Another worker has taken these batches.")


def note_failure(stages: list[BatchStage], error: Exception) -> None:
    """Keep the error with the batches. Their lease runs out by itself, and then they are tried again."""
    BatchStage.objects.held(stages[0].lease_token).update(error=f"{type(error).__name__}: {error}"[:2000])


def by_model(stages: list[BatchStage]) -> Iterable[tuple[MonitoredModel, list[BatchStage]]]:
    """Group the claimed states by model, with `batch` and `batch.model.project` loaded."""
    batches = Batch.objects.select_related("model__project").in_bulk([stage.batch_id for stage in stages])
    groups: dict[MonitoredModel, list[BatchStage]] = {}
    for stage in stages:
        stage.batch = batches[stage.batch_id]
        groups.setdefault(stage.batch.model, []).append(stage)
    return groups.items()


def consume(stage: Stage, work: Callable[[MonitoredModel, list[BatchStage]], None]) -> int:
    """Do a stage's work on all due batches, one model's claimed ones together, and return how many.

    The work finishes its states in its own transaction. If the lease was lost, another worker has the batches.
    """
    consumed = 0
    while claimed := claim(stage):
        for model, mine in by_model(claimed):
            try:
                work(model, mine)
                consumed += len(mine)
            except LeaseLostError:
                log.warning("stage_lease_lost", stage=str(stage), model=model.pk)
            except Exception as error:
                note_failure(mine, error)
                raise
    return consumed


def waiting_since() -> dict[str, datetime | None]:
    """Return for each stage since when its oldest due batch waits; None without any. Given up batches do not count."""
    due = BatchStage.objects.filter(done_at=None, attempts__lt=MAX_ATTEMPTS).unleased()
    found = dict(due.order_by().values_list("stage").annotate(since=Min("created_at")))
    return {str(stage): found.get(stage) for stage in Stage}


def retry(state: BatchStage) -> None:
    """Make a batch due again after it was given up."""
    BatchStage.objects.filter(pk=state.pk, done_at=None).update(attempts=0, error="", created_at=Now(), **RELEASED)
