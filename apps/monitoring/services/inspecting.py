"""Inspect each batch exactly once: count its rows, and open an incident when its shape has changed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from apps.monitoring.models import FeatureSeen
from apps.monitoring.querysets import COUNTS
from apps.monitoring.services.day_counting import DayCounter
from apps.monitoring.services.seen_values import Memory, Seen
from apps.monitoring.services.sent_rows import by_arrival, sent_rows
from apps.monitoring.services.shape import Inspector
from apps.predictions.models import Batch, BatchKind, BatchStage, Stage
from apps.predictions.services import stages
from apps.registry.models import MonitoredModel
from apps.registry.services import incidents


def inspect_due() -> int:
    """Inspect every due batch. Returns how many."""
    return stages.consume(Stage.INSPECT, inspect_batches)


def inspect_batches(model: MonitoredModel, states: list[BatchStage]) -> None:
    """Write counts, incidents and the stage's state in one transaction."""
    with transaction.atomic():
        # Lock the model: a change of its schema waits for this inspection, or the inspection for it.
        model = MonitoredModel.objects.locked(model.pk)
        stages.finish(states)
        batches = [state.batch for state in states]
        _count_intake(model, batches)
        pushes = [batch for batch in batches if batch.kind == BatchKind.PREDICTIONS]
        if not pushes:
            return
        by_key = {batch.pk: batch for batch in pushes}
        inspector = Inspector(model.feature_list, _memories(model))
        counter = DayCounter(model)
        for rows in sent_rows(pushes, model=model):
            for each in by_arrival(rows, by_key, model=model):
                inspector.inspect(each)
            counter.count(rows)
        _keep_counts(model, inspector)
        _keep_memories(model, inspector)
        counter.keep()
        incidents.observe(model, inspector.sightings.values())


def _memories(model: MonitoredModel) -> dict[str, Memory]:
    rows = FeatureSeen.objects.filter(model=model).values_list("feature", "day", "before", "on_day")
    return {
        feature: Memory(day, Seen.from_document(before), Seen.from_document(on_day), is_changed=False)
        for feature, day, before, on_day in rows
    }


def _count_intake(model: MonitoredModel, batches: list[Batch]) -> None:
    amounts: dict[tuple[datetime, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for batch in batches:
        hour = batch.received_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        sums = amounts[hour, batch.kind]
        for index, amount in enumerate((1, batch.accepted, batch.duplicates)):
            sums[index] += amount
    keys = {"hour": "timestamptz", "kind": "text"}
    _add_to("monitoring_intakehour", model, amounts, keys=keys, sums=("batches", "accepted", "duplicates"))


def _keep_counts(model: MonitoredModel, inspector: Inspector) -> None:
    keys = {"version_id": "bigint", "day": "date", "feature": "text"}
    amounts = {key: counts.amounts for key, counts in inspector.counts.items()}
    _add_to("monitoring_featureday", model, amounts, keys=keys, sums=COUNTS)


def _keep_memories(model: MonitoredModel, inspector: Inspector) -> None:
    changed = [
        FeatureSeen(
            model=model, feature=name, day=memory.day, before=memory.before.document, on_day=memory.on_day.document
        )
        for name, memory in inspector.memories.items()
        if memory.is_changed
    ]
    FeatureSeen.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["model", "feature"],
        update_fields=["day", "before", "on_day"],
    )


def _add_to(
    table: str,
    model: MonitoredModel,
    amounts: Mapping[tuple[Any, ...], Sequence[int]],
    *,
    keys: Mapping[str, str],
    sums: Sequence[str],
) -> None:
    """Add to each key's row in one statement, creating missing rows. Lock the model first to avoid deadlocks.

    `amounts` holds, by key, what to add to each column of `sums`; `keys` names a key's columns with their types.
    """
    if not amounts:
        return
    columns = [*keys, *sums]
    types = [*keys.values(), *("bigint" for _ in sums)]
    values = zip(*((*key, *amount) for key, amount in amounts.items()), strict=True)
    statement = f"""
        INSERT INTO {table} AS kept (model_id, {", ".join(columns)})
        SELECT %s, * FROM unnest({", ".join(f"%s::{each}[]" for each in types)})
        ON CONFLICT (model_id, {", ".join(keys)}) DO UPDATE SET
            {", ".join(f"{name} = kept.{name} + excluded.{name}" for name in sums)}
    """  # noqa: S608  # only our own column names are interpolated
    with connection.cursor() as cursor:
        cursor.execute(statement, [model.pk, *(list(each) for each in values)])
