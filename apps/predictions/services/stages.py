"""Take batches through the stages: each is claimed under a lease and consumed exactly once.

A batch that fails harms no other. Its claim is halved until it is alone; alone, it is tried again after longer and
longer leases. A worker that dies cannot tell which batch of its claim killed it, so each of them is then claimed alone.
"""

import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from threading import current_thread, main_thread
from typing import Any

import structlog
from django.db.models import F, Min, Q, QuerySet
from django.db.models.functions import Now

from apps.common import doorbell
from apps.common.deadlines import TookTooLongError, deadline
from apps.common.errors import LeaseLostError, storable
from apps.common.isolation import drop_lost_connection, is_no_rows_fault
from apps.common.leases import RELEASED
from apps.common.locks import wait_at_most
from apps.predictions.models import Batch, BatchStage, Stage
from apps.predictions.querysets import BatchStageQuerySet
from apps.predictions.services import failing_rows
from apps.registry.models import MonitoredModel

log = structlog.get_logger(__name__)

Work = Callable[[MonitoredModel, list[BatchStage]], Any]

# The bell of `stuck`.
STUCK_BELL = "watch_batches"
# A killed worker holds its batches for this long. Once the work has locked them in `finish`, nobody else gets them.
LEASE_SECONDS = 20
# A batch that was tried before is leased for longer each time, which is also how long it waits after an error.
LONGEST_LEASE_SECONDS = 120
MAX_ATTEMPTS = 10
MAX_ROWS_PER_CLAIM = 50_000
MAX_BATCHES_PER_CLAIM = 500
# No claim of MAX_ROWS_PER_CLAIM rows takes so long, unless it hangs.
WORK_SECONDS = 300
# One model's lock must not keep the others waiting.
LOCK_SECONDS = 5
# After a failure of the database, which no batch has caused.
PAUSE_SECONDS = 10
# Then other tasks get their turn.
TURN_SECONDS = 30


def consume(stage: Stage, work: Work) -> int:
    """Do a stage's work on all due batches, claim by claim, and return how many were consumed.

    The work gets batches of one model, and finishes their states in its own transaction. The models take turns: one
    with a long backlog does not keep the others waiting.
    """
    consumed, until = 0, time.monotonic() + TURN_SECONDS
    while counts := [_work_on(claimed, work) for model in _models(stage) if (claimed := claim(stage, model=model))]:
        consumed += sum(counts)
        if time.monotonic() > until:
            doorbell.ring(stage)
            break
    return consumed


def claim(stage: Stage, *, model: int) -> list[BatchStage]:
    """Lease a model's oldest due batches, together up to MAX_ROWS_PER_CLAIM rows; alone if it was tried before."""
    due = _due(stage).filter(batch__model=model)
    candidates = list(due.unleased().values_list("pk", "attempts", "batch__accepted")[:MAX_BATCHES_PER_CLAIM])
    if not candidates:
        return []
    first, attempts, rows = candidates[0]
    chosen = [first]
    for key, tried, accepted in [] if attempts else candidates[1:]:
        if rows + accepted > MAX_ROWS_PER_CLAIM:
            break
        if not tried:
            chosen.append(key)
            rows += accepted
    seconds = min(LEASE_SECONDS * 2**attempts, LONGEST_LEASE_SECONDS)
    return _with_batches(due.filter(pk__in=chosen).claim(seconds=seconds, limit=len(chosen)))


def finish(states: list[BatchStage]) -> None:
    """Mark the batches consumed, in the transaction of the stage's own writes. Raises LeaseLostError."""
    if _held(states).update(done_at=Now(), error="", row="", **RELEASED) != len(states):
        raise LeaseLostError("Another worker has taken these batches.")


def waiting_since() -> dict[str, datetime | None]:
    """Return for each stage since when its oldest due batch waits; None without any. Given up batches do not count."""
    due = BatchStage.objects.of_active_models().filter(done_at=None, attempts__lt=MAX_ATTEMPTS)
    due = due.filter(Q(lease_token=None) | Q(lease_expires_at__lt=Now()))
    found = dict(due.order_by().values_list("stage").annotate(since=Min("created_at")))
    return {str(stage): found.get(stage) for stage in Stage}


def given_up() -> BatchStageQuerySet:
    """Return the batches that no worker tries again, unless somebody asks for it."""
    return BatchStage.objects.filter(done_at=None, attempts__gte=MAX_ATTEMPTS).unleased()


def given_up_by_stage() -> dict[str, int]:
    """Count the batches of active models that no worker tries again."""
    return given_up().of_active_models().count_by_stage()


def retry(states: BatchStageQuerySet) -> int:
    """Make batches that were given up due again, and return how many. Their errors stay until they are consumed."""
    again: int = states.filter(done_at=None).update(attempts=0, created_at=Now(), **RELEASED)
    return again


def keep(states: list[BatchStage]) -> None:
    """Extend the lease of claimed batches, for work that goes on. Raises LeaseLostError."""
    if _held(states).update(lease_expires_at=Now() + timedelta(seconds=LEASE_SECONDS)) != len(states):
        raise LeaseLostError("Another worker has taken these batches.")


def start_again(stage: Stage, batches: QuerySet[Batch]) -> None:
    """Make these batches due in a stage whether they were consumed before or not: its work must bear repeating."""
    states = [BatchStage(batch_id=key, stage=stage) for key in batches.values_list("pk", flat=True)]
    BatchStage.objects.bulk_create(states, ignore_conflicts=True, batch_size=5_000)
    again = BatchStage.objects.filter(stage=stage, batch__in=batches, done_at__isnull=False)
    again.update(done_at=None, attempts=0, created_at=Now(), **RELEASED)
    doorbell.ring_on_commit(stage)


def _due(stage: Stage) -> BatchStageQuerySet:
    return BatchStage.objects.due(stage).filter(attempts__lt=MAX_ATTEMPTS)


def _models(stage: Stage) -> list[int]:
    """List the models with due batches."""
    return list(_due(stage).unleased().order_by("batch__model").values_list("batch__model", flat=True).distinct())


def _with_batches(states: list[BatchStage]) -> list[BatchStage]:
    """Load `batch` and `batch.model.project`; all of them share one model."""
    batches = Batch.objects.select_related("model__project").in_bulk([state.batch_id for state in states])
    for state in states:
        state.batch = batches[state.batch_id]
        state.batch.model = batches[states[0].batch_id].model
    return states


def _held(states: list[BatchStage]) -> BatchStageQuerySet:
    return BatchStage.objects.held(states[0].lease_token).filter(pk__in=[state.pk for state in states], done_at=None)


def _work_on(states: list[BatchStage], work: Work) -> int:
    """Do the work on claimed batches of one model, and return how many were consumed; after an error, on each half."""
    stage, model = states[0].stage, states[0].batch.model
    try:
        with _time_limit(), wait_at_most(LOCK_SECONDS):
            work(model, states)
    except LeaseLostError:
        log.warning("stage_lease_lost", stage=stage, model=model.pk)
    except TookTooLongError as error:
        # Halving could take as long again many times over. Each is claimed alone next time.
        _held(states).update(error=storable(error), **(RELEASED if len(states) > 1 else {}))
    except Exception as error:  # noqa: BLE001  # whatever it is, it concerns this model's batches only
        return _after(error, states, work)
    else:
        return len(states)
    return 0


def _after(error: Exception, states: list[BatchStage], work: Work) -> int:
    if is_no_rows_fault(error):
        _postpone(states, error)
        return 0
    if len(states) == 1:
        _note_failure(states[0], error, work)
        return 0
    consumed, middle = 0, len(states) // 2
    for half in states[:middle], states[middle:]:
        _held(half).update(lease_expires_at=Now() + timedelta(seconds=LEASE_SECONDS))
        consumed += _work_on(half, work)
    return consumed


def _postpone(states: list[BatchStage], error: Exception) -> None:
    """Give the batches back: a locked table, a full disk or a lost connection is no batch's fault."""
    log.warning("stage_postponed", stage=states[0].stage, model=states[0].batch.model_id, error=str(error))
    drop_lost_connection()
    _held(states).update(
        attempts=F("attempts") - 1, lease_token=None, lease_expires_at=Now() + timedelta(seconds=PAUSE_SECONDS)
    )


def _note_failure(state: BatchStage, error: Exception, work: Work) -> None:
    """Keep the error. The lease runs out by itself, and then the batch is tried again; after the last, it is dead."""
    log.exception("stage_failed", stage=state.stage, batch=state.batch_id, attempt=state.attempts)
    changes: dict[str, Any] = {"error": storable(error)}
    if state.attempts >= MAX_ATTEMPTS:
        changes |= {"row": _failing_row(state, work), "lease_token": None, "lease_expires_at": Now()}
        doorbell.ring(STUCK_BELL)
    _held([state]).update(**changes)


def _failing_row(state: BatchStage, work: Work) -> str:
    try:
        with _time_limit():
            return failing_rows.find(state, work)
    except TookTooLongError:
        return ""


def _time_limit() -> Any:
    """Bound the work. Signals reach the main thread alone, in which workers run their tasks."""
    is_main = current_thread() is main_thread()
    return deadline(WORK_SECONDS, f"It took longer than {WORK_SECONDS} s.") if is_main else nullcontext()
