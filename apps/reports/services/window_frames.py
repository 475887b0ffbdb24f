"""Read a window's rows as frames: predictions with their outcomes, population cells, draws and their reviews.

Classes are positions in the model's list; -1 stands for "no baseline". Columns `slice:<name>` hold the values
of slices.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd
from django.db.models import Count, Exists, F, FloatField, Max, Min, OuterRef, QuerySet, Subquery, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, TruncDate

from apps.predictions.models import Hold, Prediction
from apps.registry.models import ModelVersion, MonitoredModel, ReviewQueue, Slice
from apps.reports.engine.evidence import CELL_KEYS, NO_BASELINE, SLICE, is_closed
from apps.review.models import Decision, ReviewItem
from apps.review.services.workload import hours_spent
from apps.sampling.models import SUMS, Draw, PopulationCell
from apps.sampling.services.chance import drawn_by_chance_alone
from apps.sampling.services.moments import drawn_batches
from apps.truth.models import Resolution
from apps.truth.services import observing
from apps.truth.services.cohorts import cohorts, day_start

CHUNK = 50_000
# Enough earlier predictions to know what to expect at a score, however old the model is.
MOST_EARLIER = 50_000


def outcomes_frame(
    model: MonitoredModel,
    *,
    start: date,
    end: date,
    seq: int,
    as_of: datetime,
    slices: Sequence[Slice],
    version: ModelVersion | None = None,
) -> pd.DataFrame:
    """Read the window's predictions drawn by then, as the cells count them, with the outcome known as of `seq`."""
    latest = Resolution.objects.filter(prediction=OuterRef("pk"), seq__lte=seq).order_by("-seq")
    rows = (
        Prediction.objects.filter(model=model, predicted_at__gte=day_start(model, start))
        .filter(predicted_at__lt=day_start(model, end), batch__in=drawn_batches(model, by=as_of))
        .of_version(version)
        .annotate(
            day=TruncDate("predicted_at", tzinfo=model.zone),
            received_day=TruncDate("received_at", tzinfo=model.zone),
            money=Cast("amount", FloatField()),
            outcome=Subquery(latest.values("outcome")[:1]),
            occurred_at=Subquery(latest.values("occurred_at")[:1]),
            **slice_values("slices", slices),
        )
        .order_by("pk")
    )
    rows = observing.with_visibility(rows, model, seq=seq, as_of=as_of)
    columns = ["pk", "day", "received_day", "predicted_at", "predicted", "baseline", "score", "money"]
    columns += ["outcome", "occurred_at", "is_hidden", "explore_share", "log_share"]
    frame = read(rows, [*columns, *slice_columns(slices)], named=[*columns, *_slice_names(slices)])
    moments = dict.fromkeys(("predicted_at", "occurred_at"), "datetime64[us, UTC]")
    frame = frame.rename(columns={"money": "amount"}).astype(moments)
    return _typed(frame)


def without_amount_frame(
    model: MonitoredModel, *, start: date, end: date, as_of: datetime, version: ModelVersion | None = None
) -> pd.DataFrame:
    """Count the predictions drawn by then that came without an amount, by the days of their cells."""
    rows = (
        Prediction.objects.filter(model=model, predicted_at__gte=day_start(model, start), amount=None)
        .filter(predicted_at__lt=day_start(model, end), batch__in=drawn_batches(model, by=as_of))
        .of_version(version)
        .order_by()
        .values(day=TruncDate("predicted_at", tzinfo=model.zone))
        .annotate(received_day=TruncDate("received_at", tzinfo=model.zone), n=Count("pk"))
    )
    columns = ["day", "received_day", "n"]
    return read(rows, columns, named=columns).astype({"n": "int64"})


def log_shares(
    model: MonitoredModel, *, start: date, end: date, as_of: datetime, version: ModelVersion | None = None
) -> tuple[float, float]:
    """Return the lowest and the highest fraction of traffic that senders logged."""
    rows = Prediction.objects.filter(model=model, predicted_at__gte=day_start(model, start)).of_version(version)
    rows = rows.filter(predicted_at__lt=day_start(model, end), batch__in=drawn_batches(model, by=as_of))
    share = Coalesce("log_share", 1.0)
    found = rows.aggregate(low=Min(share), high=Max(share))
    return found["low"], found["high"]


def earlier_frame(
    model: MonitoredModel,
    *,
    before: date,
    seq: int,
    as_of: datetime,
    most: int = MOST_EARLIER,
    version: ModelVersion | None = None,
) -> pd.DataFrame:
    """Read the newest predictions of the closed days before a day, with their outcome (nan: none)."""
    latest = Resolution.objects.filter(prediction=OuterRef("pk"), seq__lte=seq).order_by("-seq")
    rows = (
        Prediction.objects.filter(model=model, predicted_at__lt=min(day_start(model, before), as_of - model.horizon))
        .filter(batch__in=drawn_batches(model, by=as_of))
        .of_version(version)
        .annotate(
            day=TruncDate("predicted_at", tzinfo=model.zone),
            received_day=TruncDate("received_at", tzinfo=model.zone),
            outcome=Subquery(latest.values("outcome")[:1]),
        )
        .order_by("-predicted_at", "-pk")[:most]
    )
    numbers = ["predicted", "score", "outcome", "log_share"]
    columns = ["day", "received_day", "predicted_at", *numbers]
    frame = read(rows, columns, named=columns)
    frame = frame.astype({"predicted_at": "datetime64[us, UTC]", **dict.fromkeys(numbers, "float64")})
    frame["log_share"] = frame["log_share"].fillna(1.0)
    first = min(frame["day"], default=before)
    days = cohorts(model, start=first, end=before, seq=seq, as_of=as_of, version=version)
    closed = {cohort.day for cohort in days if is_closed(cohort)}
    return frame[frame["day"].isin(closed)].reset_index(drop=True)


def cells_frame(
    model: MonitoredModel,
    *,
    start: date,
    end: date,
    as_of: datetime,
    bins: int,
    slice_key: str = "",
    version: ModelVersion | None = None,
) -> pd.DataFrame:
    """Read population cells by day in a version of the score bins, over all predictions or by the values of one slice.

    Without a version of the model, all of them are added up.
    """
    keys = [*CELL_KEYS, "slice_value"]
    cells = PopulationCell.objects.filter(model=model, slice_name=slice_key).in_bins(bins).of_version(version)
    cells = cells.between(start, end).drawn_by(as_of).order_by(*keys)
    summed = cells.values(*keys).annotate(**{f"total_{name}": Cast(Sum(name), FloatField()) for name in SUMS})
    frame = read(summed, [*keys, *(f"total_{name}" for name in SUMS)], named=[*keys, *SUMS])
    frame["baseline"] = frame["baseline"].astype(float).fillna(NO_BASELINE)
    return frame.astype(dict.fromkeys(SUMS, float))


def draws_frame(
    model: MonitoredModel,
    *,
    start: date,
    end: date,
    seq: int,
    as_of: datetime,
    slices: Sequence[Slice],
    version: ModelVersion | None = None,
) -> pd.DataFrame:
    """Read the draws of the window's predictions, with the state of their reviews as of `seq` and of the moment."""
    rows = (
        Draw.objects.filter(model=model, drawn_at__lte=as_of)
        .of_version(version)
        .filter(prediction__predicted_at__gte=day_start(model, start))
        .filter(prediction__predicted_at__lt=day_start(model, end))
        .annotate(
            day=TruncDate("prediction__predicted_at", tzinfo=model.zone),
            received_day=TruncDate("prediction__received_at", tzinfo=model.zone),
            predicted=F("prediction__predicted"),
            baseline=F("prediction__baseline"),
            score=F("prediction__score"),
            external_id=F("prediction__external_id"),
            money=Cast("prediction__amount", FloatField()),
            log_share=F("prediction__log_share"),
            resolution=_latest(seq),
            answers=_answers(as_of),
            is_skipped=_skipped(as_of),
            is_ordered=_ordered(as_of),
            is_held=Exists(Hold.objects.filter(prediction=OuterRef("pk"))),
            **slice_values("prediction__slices", slices),
        )
        .order_by("pk")
    )
    columns = ["prediction_id", "queue_id", "is_blind", "counted_probability", "day", "received_day"]
    columns += ["predicted", "baseline", "score", "money", "resolution", "answers", "is_skipped", "is_ordered"]
    columns += ["external_id", "probabilities", "is_held", "log_share"]
    frame = read(rows, [*columns, *slice_columns(slices)], named=[*columns, *_slice_names(slices)])
    frame["is_by_chance"] = drawn_by_chance_alone(model, frame.pop("external_id"), frame.pop("probabilities"))
    # Held cases come first: how many of them are answered says nothing about the others of their queue.
    frame["queue_id"] = 2 * frame["queue_id"] + frame.pop("is_held").astype(int)
    frame = frame.rename(columns={"money": "amount", "counted_probability": "pi"})
    frame["resolution"] = frame["resolution"].astype("float64")
    frame = _typed(frame.merge(_reviews_frame(frame["resolution"]), how="left", on="resolution"))
    frame["is_chosen"] = frame["is_chosen"].eq(True)  # nan, without any review, is not chosen
    return frame


def review_hours(
    model: MonitoredModel, *, start: date, end: date, as_of: datetime, version: ModelVersion | None = None
) -> float | None:
    """Return the hours that people have spent on the window's draws; None where no time was recorded."""
    drawn = Draw.objects.filter(model=model, drawn_at__lte=as_of).of_version(version)
    drawn = drawn.filter(prediction__predicted_at__gte=day_start(model, start))
    drawn = drawn.filter(prediction__predicted_at__lt=day_start(model, end))
    return hours_spent(ReviewItem.objects.filter(draw__in=drawn), as_of=as_of)


def _answers(as_of: datetime) -> Coalesce:
    """Count the reviews of an item that gave an answer, adjudications included."""
    given = Decision.objects.answers().filter(item__draw=OuterRef("pk"), decided_at__lte=as_of)
    counted = given.order_by().values("item").annotate(answers=Count("slot", distinct=True)).values("answers")
    return Coalesce(Subquery(counted), 0)


def _skipped(as_of: datetime) -> Exists:
    """Say whether somebody opened the item and gave no answer: non-response, unless somebody else answers."""
    passed = Decision.objects.filter(item__draw=OuterRef("pk"), value=None, is_judgement=False)
    return Exists(passed.filter(decided_at__lte=as_of))


def _ordered(as_of: datetime) -> Exists:
    """Say whether a rule orders the item. One that is not open yet has no order: the rule at its opening decides."""
    items = ReviewItem.objects.filter(draw=OuterRef("pk")).exclude(order=ReviewQueue.Order.RANDOM)
    return Exists(items.annotate(since=Coalesce("ordered_at", "opened_at")).filter(since__lte=as_of))


def _latest(seq: int) -> Subquery:
    """Find the resolution of a draw's prediction as of `seq`, draw by draw: draws are few."""
    known = Resolution.objects.filter(prediction=OuterRef("pk"), seq__lte=seq).order_by("-seq")
    return Subquery(known.values("pk")[:1])


def _reviews_frame(resolutions: pd.Series) -> pd.DataFrame:
    """Read labels and adjudications, by `resolution`."""
    known = Resolution.objects.filter(pk__in=[int(key) for key in resolutions.dropna()])
    columns = ["pk", "outcome", "label", "is_adjudication_chosen", "adjudication_probability", "adjudicated"]
    frame = read(known, columns, named=["resolution", "outcome", "label", "is_chosen", "q", "adjudicated"])
    return frame.astype(dict.fromkeys(("resolution", "outcome", "label", "q", "adjudicated"), "float64"))


def changes_frame(
    model: MonitoredModel, *, start: date, end: date, before: int, seq: int, version: ModelVersion | None = None
) -> pd.DataFrame:
    """Read truth as of `before` and as of `seq`, of predictions with a resolution between the two.

    Without the labels of predictions that nobody drew: no figure counts them.
    """
    known = ("outcome", "label", "adjudicated")
    earlier = Resolution.objects.filter(prediction=OuterRef("prediction"), seq__lte=before).order_by("-seq")
    rows = (
        Resolution.objects.filter(model=model, seq__gt=before)
        .predicted_between(day_start(model, start), day_start(model, end))
        .as_of(seq)
        .annotate(**{f"{name}_before": Subquery(earlier.values(name)[:1]) for name in known})
    )
    if version is not None:
        rows = rows.filter(prediction__version=version)
    columns = [*known, *(f"{name}_before" for name in known)]
    frame = read(rows, [*columns, "prediction__draw"], named=[*columns, "draw"]).astype(float)
    labels = [name for name in columns if not name.startswith("outcome")]
    frame[labels] = frame[labels].where(frame.pop("draw").notna(), axis=0)
    return frame


def slice_values(path: str, slices: Sequence[Slice]) -> dict[str, KeyTextTransform]:
    columns = zip(slice_columns(slices), slices, strict=True)
    return {column: KeyTextTransform(each.key, path) for column, each in columns}


def slice_columns(slices: Sequence[Slice]) -> list[str]:
    """Name the annotations: names of slices may hold characters that an annotation may not."""
    return [f"slice_{position}" for position in range(len(slices))]


def _slice_names(slices: Sequence[Slice]) -> list[str]:
    return [SLICE + each.name for each in slices]


def read(rows: QuerySet[Any], columns: Sequence[str], *, named: Sequence[str]) -> pd.DataFrame:
    """Read the rows in chunks: tuples of Python objects take ten times the memory of columns.

    Rows that are summed come in an order: the last digits of a sum depend on it, and the same evidence gives the same
    report.
    """
    chunks: list[pd.DataFrame] = []
    held: list[tuple[Any, ...]] = []
    for row in rows.values_list(*columns).iterator(chunk_size=CHUNK):
        held.append(row)
        if len(held) == CHUNK:
            chunks.append(_chunk(held, named))
            held = []
    return pd.concat([*chunks, _chunk(held, named)], ignore_index=True)


def _chunk(rows: Iterable[tuple[Any, ...]], named: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame.from_records(list(rows), columns=list(named))


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    numbers = ("predicted", "baseline", "score", "amount", "outcome", "explore_share", "log_share")
    # pandas takes an empty column of objects for a list of column names where it should select rows.
    types = dict.fromkeys(numbers, "float64") | dict.fromkeys(
        ("is_blind", "is_skipped", "is_ordered", "is_hidden"), "bool"
    )
    frame = frame.astype({name: kind for name, kind in types.items() if name in frame})
    frame["baseline"] = frame["baseline"].fillna(NO_BASELINE)
    # A missing amount counts as one, here as in the cells; without a share, all was logged.
    frame["amount"] = frame["amount"].fillna(1.0)
    frame["log_share"] = frame["log_share"].fillna(1.0)
    return frame
