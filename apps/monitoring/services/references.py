"""The reference of a model: its first days, uploaded data, or days that somebody called normal."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from django.db import connection, transaction
from django.db.models import Max
from django.db.models.expressions import RawSQL

from apps.accounts.models import ApiKey, User
from apps.accounts.services import audit_log
from apps.common.clock import database_now
from apps.common.errors import DomainError
from apps.monitoring.models import DataEvent, Reference, Series, Stage
from apps.monitoring.services.history import DAY, History, add_stored, history
from apps.monitoring.services.placing import Layout
from apps.monitoring.services.sent_rows import SentRows, rows_of
from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel
from apps.stats.arrays import FloatArray, IntArray
from apps.truth.services.cohorts import day_start

FIRST_DAYS = timedelta(days=30)
LEAST_ROWS = 100
SAMPLED = 10_000
# With more rows, a sample is made of so many runs of rows.
SCANNED, RUNS = 100_000, 200
RUNS_OF_ROWS = """
SELECT run.id FROM unnest(%(moments)s::timestamptz[]) AS begins (at), LATERAL (
    SELECT id FROM predictions_prediction
    WHERE model_id = %(model)s AND predicted_at >= begins.at AND predicted_at < %(end)s
    ORDER BY predicted_at LIMIT %(limit)s
) AS run
"""
# What a sample holds of each row
IN_SAMPLE = (Stage.FEATURE, Stage.PROCESSED, Stage.SLICE, Stage.CELL)


@dataclass(frozen=True, eq=False)
class Sample:
    """Bins of some rows, shape (rows, series)."""

    series: list[Series]
    codes: IntArray

    @cached_property
    def columns(self) -> dict[int, int]:
        """The column of each series, by its key."""
        return {each.pk: column for column, each in enumerate(self.series)}

    def joint(self, one: Series, other: Series) -> IntArray:
        """Count rows by the bins of two series."""
        rows, columns = (self.codes[:, self.columns[each.pk]] for each in (one, other))
        size = one.frozen.size, other.frozen.size
        return np.bincount(rows * size[1] + columns, minlength=size[0] * size[1]).reshape(size)

    def has(self, series: Series) -> bool:
        return series.pk in self.columns


@dataclass(frozen=True, eq=False)
class Usual:
    """A reference as vectors, with its sample."""

    reference: Reference
    layout: Layout
    counts: IntArray
    sums: FloatArray

    def of(self, series: Series) -> IntArray:
        return self.counts[series.within]

    @cached_property
    def sample(self) -> Sample:
        by_key = {each.pk: each for each in self.layout.series.values()}
        series = [by_key[key] for key in self.reference.sample_series if key in by_key]
        codes = np.frombuffer(self.reference.sample, dtype=np.uint16)
        return Sample(series, codes.reshape(-1, max(len(self.reference.sample_series), 1)).astype(np.int64))


def current(model: MonitoredModel) -> Reference | None:
    """Return the reference in force, with the newest search for weak slices beside it."""
    found = Reference.objects.filter(model=model).select_related("model__weak_search")
    reference: Reference | None = found.order_by("-number").first()
    return reference


def usual(reference: Reference, layout: Layout) -> Usual:
    counts, sums = np.zeros(layout.size, dtype=np.int64), np.zeros(layout.size)
    add_stored(counts, reference.counts)
    add_stored(sums, reference.sums)
    return Usual(reference, layout, counts, sums)


def keep_first_days(model: MonitoredModel, days: History) -> Reference | None:
    """Make the first 30 days the reference once they are over; None before, or if there is a reference."""
    first = days.start
    if days.end < first + FIRST_DAYS or Reference.objects.filter(model=model).exists():
        return None
    return _keep(model, Reference.Source.FIRST_DAYS, days.between(first, first + FIRST_DAYS), by=None)


@transaction.atomic
def declare_normal(
    model: MonitoredModel, *, start: date, end: date, by: User | None, key: ApiKey | None = None
) -> Reference:
    """Make the days in [start, end) the reference. Raises DomainError if they have too few rows."""
    made = _keep(model, Reference.Source.DECLARED, history(model, start=start, end=end), by=by)
    if made is None:
        raise DomainError(
            f"These days have fewer than {LEAST_ROWS} predictions; choose more days.", code="too_few_rows"
        )
    details = {"model": model.slug, "reference": made.number, "first_day": str(start), "last_day": str(end - DAY)}
    audit_log.record(
        model.project, "reference.declared", subject=f"model {model.slug}", by=by, key=key, details=details
    )
    return made


@transaction.atomic
def call_normal(event: DataEvent, *, by: User) -> None:
    """Make the days of an event the reference, and end it. Raises DomainError if they have too few rows."""
    event = DataEvent.objects.select_for_update().select_related("model__project").get(pk=event.pk)
    judged = event.model.watched.end
    assert judged is not None  # an event comes from judging
    last = event.last_day or judged - DAY
    declare_normal(event.model, start=event.first_day, end=last + DAY, by=by)
    event.normal_at, event.normal_by = database_now(), by
    event.save(update_fields=["normal_at", "normal_by"])


def coded(rows: Iterable[SentRows], *, model: MonitoredModel, layout: Layout) -> Sample:
    """Return the bins of these rows in the series that samples hold."""
    series = layout.of_stage(*IN_SAMPLE)
    found = []
    for each in rows:
        placed = {one.pk: place.bins for one, place in layout.placed(each, model)}
        found.append(np.column_stack([placed[one.pk] for one in series]))
    return Sample(series, np.concatenate(found) if found else np.zeros((0, len(series)), dtype=np.int64))


def sampled_rows(
    model: MonitoredModel, *, start: date, end: date, rows: int, most: int = SAMPLED
) -> Iterable[SentRows]:
    """Read some of the predictions of the days in [start, end), about `rows` in all; the same ones each time.

    Few rows are chosen one by one, and many as runs that begin at moments spread evenly: whoever reads ten thousand
    must not read them all.
    """
    first, last = day_start(model, start), day_start(model, end)
    within = Prediction.objects.filter(model=model, predicted_at__gte=first, predicted_at__lt=last)
    if rows <= SCANNED:
        chosen = within.annotate(place=RawSQL("hashint8(predictions_prediction.id)", ())).order_by("place", "pk")[:most]
        keys = list(chosen.values_list("pk", flat=True))
    else:
        moments = [first + (last - first) * number / RUNS for number in range(RUNS)]
        with connection.cursor() as cursor:
            cursor.execute(RUNS_OF_ROWS, {"model": model.pk, "moments": moments, "end": last, "limit": most // RUNS})
            keys = [key for (key,) in cursor.fetchall()]
    return rows_of(Prediction.objects.filter(pk__in=keys), model=model)


def _keep(model: MonitoredModel, source: str, days: History, *, by: User | None) -> Reference | None:
    rows = int(days.rows.sum())
    if rows < LEAST_ROWS:
        return None
    chosen = sampled_rows(model, start=days.start, end=days.end, rows=rows)
    sample = coded(chosen, model=model, layout=days.layout)
    return store(
        model,
        source,
        days.counts.sum(axis=0),
        days.sums.sum(axis=0),
        sample,
        rows=rows,
        span=(days.start, days.end),
        by=by,
    )


def store(
    model: MonitoredModel,
    source: str,
    counts: IntArray,
    sums: FloatArray,
    sample: Sample,
    *,
    rows: int,
    span: tuple[date, date] | None,
    by: User | None,
) -> Reference:
    """Store a reference; it is in force from now on."""
    start, end = span or (None, None)
    last = Reference.objects.filter(model=model).aggregate(last=Max("number"))["last"]
    return Reference.objects.create(
        model=model,
        number=(last or 0) + 1,
        source=source,
        start=start,
        end=end,
        rows=rows,
        counts=counts.tobytes(),
        sums=sums.tobytes(),
        sample_series=[each.pk for each in sample.series],
        sample=sample.codes.astype(np.uint16).tobytes(),
        created_by=by,
    )
