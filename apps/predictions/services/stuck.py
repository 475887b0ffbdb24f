"""Batches that were given up: an incident for each model and stage, until they are processed."""

from datetime import datetime
from itertools import groupby

from django.db.models import Exists, OuterRef

from apps.common.isolation import one_by_one
from apps.common.numerals import count
from apps.predictions.models import BatchStage, Stage
from apps.predictions.services import stages
from apps.registry.models import Incident, IncidentKind, MonitoredModel
from apps.registry.services import incidents

KILLED = "At every attempt, the worker stopped before it was done."
NAMED = 10


def watch() -> None:
    """Open, update and close incidents, so that they agree with the batches."""
    stages.given_up().filter(error="").update(error=KILLED)
    dead = stages.given_up().select_related("batch__model").order_by("batch__model", "stage", "batch_id")
    groups = [list(group) for _, group in groupby(dead, key=lambda state: (state.batch.model_id, state.stage))]
    one_by_one(groups, _note, name="stuck_batches")
    # Tried again, a batch keeps its error until it is consumed.
    failing = BatchStage.objects.filter(done_at=None, batch__model=OuterRef("model"), stage=OuterRef("stage"))
    stuck = Incident.objects.open().filter(kind=IncidentKind.BATCHES_STUCK, stage__in=Stage.values)
    incidents.close_processed(stuck.exclude(Exists(failing.exclude(error=""))))


def _note(states: list[BatchStage]) -> None:
    model: MonitoredModel = states[0].batch.model
    incidents.note_stuck(
        model,
        states[0].stage,
        rows=sum(state.batch.accepted for state in states),
        first_at=min(state.batch.received_at for state in states),
        last_at=max(_died_at(state) for state in states),
        detail=_named(states),
    )


def _died_at(state: BatchStage) -> datetime:
    """Return when the last lease ended."""
    assert state.lease_expires_at is not None
    return state.lease_expires_at


def _named(states: list[BatchStage]) -> str:
    names = [f"batch {state.batch_id}" + (f" (row {state.row})" if state.row else "") for state in states[:NAMED]]
    if more := len(states) - NAMED if len(states) > NAMED else 0:
        names.append(f"{count(more)} more")
    return ", ".join(names)
