"""Count rows by the day of their prediction, in the transaction that inspects their batch."""

import time
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Exists, F, Min, OuterRef, QuerySet, Sum
from django.db.models.functions import Now

from apps.common import doorbell
from apps.common.clock import database_now
from apps.common.isolation import one_by_one
from apps.explanations.services import unusual, usual_values
from apps.explanations.services.usual_values import Column
from apps.monitoring.models import Counted, DayCount, Series, Stage
from apps.monitoring.services.history import add_stored
from apps.monitoring.services.placing import Layout, Placed
from apps.monitoring.services.sent_rows import SentRows, rows_of, sent_rows
from apps.monitoring.services.series import new_series
from apps.predictions.models import Batch, BatchKind, Prediction
from apps.predictions.models import Stage as BatchStep
from apps.predictions.services.stages import MAX_BATCHES_PER_CLAIM, MAX_ROWS_PER_CLAIM
from apps.registry.models import MonitoredModel
from apps.stats.arrays import FloatArray, IntArray

# Bins freeze on so many rows, or on fewer of a model with little traffic once it is so old.
ENOUGH = 1_000
FEW, OLD = 200, timedelta(days=7)
ENOUGH_TO_FREEZE = 20_000
# A name without bins gets them from so many of the newest rows, if enough of them have it.
NEWEST = 2_000
AGAIN = timedelta(hours=1)
# Then other models get their turn.
TURN_SECONDS = 20

Key = tuple[int, date]


class DayVectors:
    """Vectors by version and day, to be added to the stored ones."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.counts: dict[Key, IntArray] = {}
        self.sums: dict[Key, FloatArray] = {}

    def add(self, keys: list[Key], placed: Iterable[tuple[Series, Placed]], *, weight: IntArray | None = None) -> None:
        """Add rows, each to the vectors of its key; `weight` is −1 for rows that are taken back."""
        distinct = list(dict.fromkeys(keys))
        number = {key: position for position, key in enumerate(distinct)}
        of_row = np.array([number[key] for key in keys], dtype=np.int64)
        counts = np.zeros((len(distinct), self.size), dtype=np.int64)
        sums = np.zeros((len(distinct), self.size))
        for series, each in placed:
            size = series.frozen.size
            at, values, factor = of_row * size + each.bins, each.values, weight
            kept = each.bins >= 0
            if not kept.all():
                at = at[kept]
                values = None if values is None else values[kept]
                factor = None if factor is None else factor[kept]
            shape = (len(distinct), size)
            found = np.bincount(at, factor, minlength=len(distinct) * size).reshape(shape)
            counts[:, series.within] += found.astype(np.int64)
            if values is not None:
                known = np.where(np.isnan(values), 0.0, values) * (1 if factor is None else factor)
                sums[:, series.within] += np.bincount(at, known, minlength=len(distinct) * size).reshape(shape)
        for key, row, total in zip(distinct, counts, sums, strict=True):
            if key in self.counts:
                self.counts[key] += row
                self.sums[key] += total
            else:
                self.counts[key], self.sums[key] = row, total

    def save(self, model: MonitoredModel) -> None:
        """Add to the stored days. Lock the model first."""
        if not self.counts:
            return
        days = [day for _, day in self.counts]
        stored = DayCount.objects.filter(model=model).between(min(days), max(days) + timedelta(days=1))
        before = {(each.version_id, each.day): each for each in stored if (each.version_id, each.day) in self.counts}
        DayCount.objects.bulk_create(
            [
                DayCount(
                    model=model,
                    version_id=key[0],
                    day=key[1],
                    counts=_with_stored(vector, before[key].counts if key in before else None),
                    sums=_with_stored(self.sums[key], before[key].sums if key in before else None),
                )
                for key, vector in self.counts.items()
            ],
            update_conflicts=True,
            unique_fields=["model", "day", "version"],
            update_fields=["counts", "sums"],
        )
        Counted.objects.filter(model=model).update(revision=F("revision") + 1)


class DayCounter:
    """Counts the rows of one model; nothing before there are enough of them to freeze bins."""

    def __init__(self, model: MonitoredModel) -> None:
        self.model = model
        self.state, _ = Counted.objects.get_or_create(model=model)
        self.layout = Layout.of(model)
        self.vectors = DayVectors(self.layout.size)
        self.has_new = False
        self.unusual: list[unusual.Line] = []

    def count(self, rows: SentRows) -> None:
        """Count rows, and look for values outside the usual ranges: here they lie in columns."""
        if self.state.frozen_at is not None:
            columns = [_column(*each) for each in self._count(rows) if each[0].stage == Stage.FEATURE]
            self.unusual += usual_values.look_at(self.model, rows.keys, rows.versions, rows.days, columns)
            self.has_new = self.has_new or not self.layout.series.keys() >= _keys(rows, self.model)

    def keep(self) -> None:
        """Save what was counted; freeze the bins of what has none yet, once there is enough of it."""
        if self.state.frozen_at is None:
            self._begin()
        elif self.has_new:
            self._adopt()
        self.vectors.save(self.model)
        unusual.keep(self.model, unusual.Kind.VALUES, self.unusual)

    def _begin(self) -> None:
        inspected = _inspected(self.model)
        found = inspected.aggregate(rows=Sum("accepted"), first=Min("received_at"))
        is_old = found["first"] is not None and database_now() - found["first"] >= OLD
        if (found["rows"] or 0) < (FEW if is_old else ENOUGH):
            return
        if rows := list(sent_rows(_first(inspected, ENOUGH_TO_FREEZE), model=self.model)):
            self._freeze(rows)
            self.state.frozen_at = database_now()
            self.state.save(update_fields=["frozen_at"])
            self.catch_up()

    def catch_up(self) -> bool:
        """Count some of the batches that were inspected before the bins were frozen. Returns whether there were any."""
        before = _inspected(self.model).filter(stages__done_at__lte=self.state.frozen_at)
        batches = _first(before.filter(pk__gt=self.state.counted_batch), MAX_ROWS_PER_CLAIM)
        if not batches:
            return False
        for rows in sent_rows(batches, model=self.model):
            self._count(rows)
        Counted.objects.filter(model=self.model).update(counted_batch=batches[-1].pk)
        return True

    def _adopt(self) -> None:
        """Freeze bins for names that came after the others, at most once an hour."""
        due = Counted.objects.filter(model=self.model).exclude(next_series_at__gt=Now())
        if not due.update(next_series_at=Now() + AGAIN):
            return
        newest = Prediction.objects.filter(model=self.model).order_by("-pk")[:NEWEST]
        rows = list(rows_of(Prediction.objects.filter(pk__in=newest.values("pk")), model=self.model))
        if rows:
            self._freeze(rows)

    def _freeze(self, rows: list[SentRows]) -> None:
        made = Series.objects.bulk_create(new_series(self.model, rows, self.layout))
        self.layout.add(made)
        grown = DayVectors(self.layout.size)
        for key in self.vectors.counts:
            missing = self.layout.size - self.vectors.size
            grown.counts[key] = np.pad(self.vectors.counts[key], (0, missing))
            grown.sums[key] = np.pad(self.vectors.sums[key], (0, missing))
        self.vectors = grown

    def _count(self, rows: SentRows) -> list[tuple[Series, Placed]]:
        keys = list(zip(rows.versions, rows.days, strict=True))
        placed = list(self.layout.placed(rows, self.model))
        self.vectors.add(keys, placed)
        return placed


def _column(series: Series, placed: Placed) -> Column:
    """Return a feature's values as far as they show what is unusual."""
    missing = series.frozen.size - 1
    if placed.values is not None:
        return Column(series.name, placed.values, placed.bins == missing)
    # The bin before the last one is that of categories that are not among the frequent ones.
    return Column(series.name, None, placed.bins == missing, placed.bins == missing - 1)


def catch_up_due() -> None:
    """Count what was inspected before there were bins, some batches of each model at a time."""
    behind = Batch.objects.filter(
        model=OuterRef("model"),
        kind=BatchKind.PREDICTIONS,
        pk__gt=OuterRef("counted_batch"),
        accepted__gt=0,
        stages__stage=BatchStep.INSPECT,
        stages__done_at__lte=OuterRef("frozen_at"),
    )
    waiting = Counted.objects.filter(Exists(behind), frozen_at__isnull=False)
    models = MonitoredModel.objects.active().filter(pk__in=waiting.values("model")).select_related("project")
    if any(one_by_one(models.order_by("pk"), _catch_up, name="count_days")):
        doorbell.ring("count_days")


def _catch_up(model: MonitoredModel) -> bool:
    """Count for a while. Returns whether there is more."""
    until = time.monotonic() + TURN_SECONDS
    while is_more := _catch_up_some(model):
        if time.monotonic() > until:
            break
    return is_more


@transaction.atomic
def _catch_up_some(model: MonitoredModel) -> bool:
    counter = DayCounter(MonitoredModel.objects.locked(model.pk))
    is_done = not counter.catch_up()
    counter.keep()
    return not is_done


def waiting_rows(model: MonitoredModel) -> int:
    """Return how many rows are inspected, and wait for more to freeze bins on."""
    rows: int | None = _inspected(model).aggregate(rows=Sum("accepted"))["rows"]
    return rows or 0


def _inspected(model: MonitoredModel) -> QuerySet[Batch]:
    batches = Batch.objects.filter(model=model, kind=BatchKind.PREDICTIONS, accepted__gt=0)
    return batches.filter(stages__stage=BatchStep.INSPECT, stages__done_at__isnull=False)


def _first(batches: QuerySet[Batch], rows: int) -> list[Batch]:
    """Return the first batches that together hold so many rows, one at least."""
    found: list[Batch] = []
    for batch in batches.order_by("pk")[:MAX_BATCHES_PER_CLAIM]:
        if found and rows < batch.accepted:
            break
        found.append(batch)
        rows -= batch.accepted
    return found


def _with_stored(vector: Any, stored: bytes | None) -> bytes:
    if stored is not None:
        add_stored(vector, stored)
    return bytes(vector.tobytes())


def _keys(rows: SentRows, model: MonitoredModel) -> set[tuple[str, str]]:
    """Return the series that these rows have."""
    keys = {(Stage.FEATURE.value, name) for name in set().union(*rows.features)}
    keys |= {(Stage.PROCESSED.value, name) for name in set().union(*rows.processed)}
    keys |= {(Stage.RESOURCE.value, name) for name in set().union(*rows.resources)}
    keys |= {(Stage.SLICE.value, each.key) for each in model.slice_list}
    if not np.isnan(rows.latency).all():
        keys.add((Stage.LATENCY.value, ""))
    if not np.isnan(rows.baseline).all():
        keys.add((Stage.BASELINE.value, ""))
    return keys
