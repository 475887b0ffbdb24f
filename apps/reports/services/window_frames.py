"""Rows of a window as frames: predictions with their outcome, population cells, and what was drawn.

Classes are positions in the model's list; -1 stands for "no baseline". Columns `slice:<name>` hold the values
of slices.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from django.db.models import Count, Exists, F, FloatField, OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, TruncDate

from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review.models import Decision, Slot
from apps.sampling.models import SUMS, Draw, PopulationCell
from apps.sampling.services.prediction_frames import score_bins
from apps.truth.models import Resolution
from apps.truth.services.cohorts import day_start

NO_BASELINE = -1.0
CHUNK = 50_000
# Enough for what truth to expect at a score, whatever the model has seen in its life.
MOST_EARLIER = 50_000
CELL_KEYS = ["day", "predicted", "baseline", "score_bin"]
SLICE = "slice:"


def outcomes_frame(model: MonitoredModel, *, start: date, end: date, seq: int, slices: Sequence[str]) -> pd.DataFrame:
    """All predictions of the window with the outcome known as of `seq` (nan: none)."""
    latest = Resolution.objects.filter(prediction=OuterRef("pk"), seq__lte=seq).order_by("-seq")
    rows = (
        Prediction.objects.filter(model=model, predicted_at__gte=day_start(model, start))
        .filter(predicted_at__lt=day_start(model, end))
        .annotate(
            day=TruncDate("predicted_at", tzinfo=model.zone),
            money=Cast("amount", FloatField()),
            outcome=Subquery(latest.values("outcome")[:1]),
            occurred_at=Subquery(latest.values("occurred_at")[:1]),
            **{f"slice_{at}": KeyTextTransform(name, "slices") for at, name in enumerate(slices)},
        )
    )
    columns = ["day", "predicted_at", "predicted", "baseline", "score", "money", "outcome", "occurred_at"]
    frame = _read(rows, [*columns, *_slice_columns(slices)], named=[*columns, *_slice_names(slices)])
    moments = dict.fromkeys(("predicted_at", "occurred_at"), "datetime64[us, UTC]")
    frame = frame.rename(columns={"money": "amount"}).astype(moments)
    frame["score_bin"] = score_bins(model, predicted=frame["predicted"], score=frame["score"]).astype(np.int64)
    return _typed(frame)


def earlier_frame(
    model: MonitoredModel, *, before: date, seq: int, as_of: datetime, most: int = MOST_EARLIER
) -> pd.DataFrame:
    """Score bin and outcome (nan: none came) of the newest predictions before a day that are older than the horizon."""
    latest = Resolution.objects.filter(prediction=OuterRef("pk"), seq__lte=seq).order_by("-seq")
    rows = (
        Prediction.objects.filter(model=model, predicted_at__lt=min(day_start(model, before), as_of - model.horizon))
        .annotate(outcome=Subquery(latest.values("outcome")[:1]))
        .order_by("-predicted_at")[:most]
    )
    frame = _read(rows, ["predicted", "score", "outcome"], named=["predicted", "score", "outcome"]).astype("float64")
    bins = score_bins(model, predicted=frame["predicted"], score=frame["score"]).astype(np.int64)
    return frame.assign(score_bin=bins)


def cells_frame(model: MonitoredModel, *, start: date, end: date, slice_name: str = "") -> pd.DataFrame:
    """Population cells by day, over everyone or by the values of one slice, versions added up."""
    cells = PopulationCell.objects.filter(model=model, slice_name=slice_name).between(start, end)
    keys = [*CELL_KEYS, "slice_value"]
    frame = _read(cells, [*keys, *SUMS], named=[*keys, *SUMS])
    frame["baseline"] = frame["baseline"].astype(float).fillna(NO_BASELINE)
    summed = frame.groupby(keys, sort=False, as_index=False)[list(SUMS)].sum()
    return summed.astype(dict.fromkeys(SUMS, float))


def draws_frame(
    model: MonitoredModel, *, start: date, end: date, seq: int, as_of: datetime, slices: Sequence[str]
) -> pd.DataFrame:
    """What was drawn of the window's predictions, with what reviewers said of it as of `seq`."""
    rows = (
        Draw.objects.filter(model=model, drawn_at__lte=as_of)
        .filter(prediction__predicted_at__gte=day_start(model, start))
        .filter(prediction__predicted_at__lt=day_start(model, end))
        .annotate(
            day=TruncDate("prediction__predicted_at", tzinfo=model.zone),
            received_day=TruncDate("prediction__received_at", tzinfo=model.zone),
            predicted=F("prediction__predicted"),
            baseline=F("prediction__baseline"),
            score=F("prediction__score"),
            money=Cast("prediction__amount", FloatField()),
            resolution=_latest(seq),
            answers=_answers(),
            is_skipped=_skipped(),
            order=F("item__order"),
            **{f"slice_{at}": KeyTextTransform(name, "prediction__slices") for at, name in enumerate(slices)},
        )
    )
    columns = ["prediction_id", "queue_id", "is_blind", "counted_probability", "day", "received_day"]
    columns += ["predicted", "baseline", "score", "money", "resolution", "answers", "is_skipped", "order"]
    frame = _read(rows, [*columns, *_slice_columns(slices)], named=[*columns, *_slice_names(slices)])
    frame = frame.rename(columns={"money": "amount", "counted_probability": "pi"})
    frame["score_bin"] = score_bins(model, predicted=frame["predicted"], score=frame["score"]).astype(np.int64)
    frame["resolution"] = frame["resolution"].astype("float64")
    frame = _typed(frame.merge(_reviews_frame(frame["resolution"]), how="left", on="resolution"))
    frame["is_chosen"] = frame["is_chosen"].eq(True)  # nan, where nobody said anything, is not
    # A draw whose item is not opened yet has none, and is served by whatever rule will hold then.
    return frame.assign(is_ordered=~frame["order"].isin([ReviewQueue.Order.RANDOM]) & frame["order"].notna())


def _answers() -> Coalesce:
    """How many reviews of an item were answered, adjudications included."""
    slots = Slot.objects.filter(item__draw=OuterRef("pk"), outcome=Slot.Outcome.ANSWERED)
    counted = slots.order_by().values("item").annotate(answers=Count("pk")).values("answers")
    return Coalesce(Subquery(counted), 0)


def _skipped() -> Exists:
    """Somebody had the item in hand and gave no answer; where nobody else answers, that is non-response."""
    passed = Decision.objects.filter(item__draw=OuterRef("pk"), value=None, is_judgement=False)
    return Exists(passed)


def _latest(seq: int) -> Subquery:
    """The resolution of a draw's prediction as of `seq`: looked up draw by draw, for draws are few."""
    known = Resolution.objects.filter(prediction=OuterRef("pk"), seq__lte=seq).order_by("-seq")
    return Subquery(known.values("pk")[:1])


def _reviews_frame(resolutions: pd.Series) -> pd.DataFrame:
    """What reviewers said, by `resolution`."""
    known = Resolution.objects.filter(pk__in=[int(key) for key in resolutions.dropna()])
    columns = ["pk", "outcome", "label", "is_adjudication_chosen", "adjudication_probability", "adjudicated"]
    frame = _read(known, columns, named=["resolution", "outcome", "label", "is_chosen", "q", "adjudicated"])
    return frame.astype(dict.fromkeys(("resolution", "outcome", "label", "q", "adjudicated"), "float64"))


def changes_frame(model: MonitoredModel, *, start: date, end: date, before: int, seq: int) -> pd.DataFrame:
    """What is known as of `seq` of the predictions about which something was written after `before`, and was then."""
    said = ("outcome", "label", "adjudicated")
    earlier = Resolution.objects.filter(prediction=OuterRef("prediction"), seq__lte=before).order_by("-seq")
    rows = (
        Resolution.objects.filter(model=model, seq__gt=before)
        .predicted_between(day_start(model, start), day_start(model, end))
        .as_of(seq)
        .annotate(**{f"{name}_before": Subquery(earlier.values(name)[:1]) for name in said})
    )
    columns = [*said, *(f"{name}_before" for name in said)]
    return _read(rows, columns, named=columns).astype(float)


def _slice_columns(slices: Sequence[str]) -> list[str]:
    return [f"slice_{at}" for at in range(len(slices))]


def _slice_names(slices: Sequence[str]) -> list[str]:
    return [SLICE + name for name in slices]


def _read(rows: QuerySet[Any], columns: Sequence[str], *, named: Sequence[str]) -> pd.DataFrame:
    """The rows in chunks: tuples of Python objects take ten times the memory of columns."""
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
    numbers = ("predicted", "baseline", "score", "amount", "outcome")
    # An empty frame of objects would be taken for a list of columns where it selects rows.
    types = dict.fromkeys(numbers, "float64") | dict.fromkeys(("is_blind", "is_skipped"), "bool")
    frame = frame.astype({name: kind for name, kind in types.items() if name in frame})
    frame["baseline"] = frame["baseline"].fillna(NO_BASELINE)
    # An amount that was not sent counts as one, here as in the cells.
    frame["is_amount_missing"] = frame["amount"].isna()
    frame["amount"] = frame["amount"].fillna(1.0)
    return frame
