"""The labels of a study: those that a report of the same days counts, with the features that were sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from apps.predictions.models import Payload, Prediction
from apps.registry.models import MonitoredModel, Slice
from apps.reports.models import Kind, ReportJob
from apps.reports.services.gathering import gather
from apps.reports.services.windows import today_of
from apps.retraining.engine.encoding import columns_of
from apps.retraining.engine.labels import Labels
from apps.retraining.services.sent import Features, sent_with
from apps.stats.arrays import FloatArray, IntArray

# A study takes seconds and bounded memory with so many labels; more would hardly narrow its ranges.
MOST_LABELS = 20_000
AT_ONCE = 2_000
SLICE = "slice:"
COLUMNS = ["key", "received_day", "predicted", "score", "first", "known", "is_settled", "q", "weight", "amount"]


@dataclass(frozen=True, eq=False)
class Gathered:
    """Labels with what describes them: keys of the predictions and the values of slices, entry by entry."""

    model: MonitoredModel
    start: date
    end: date
    seq: int
    as_of: Any
    labels: Labels
    keys: IntArray
    slices: dict[str, list[str | None]]
    outcomes: int
    reviews: int
    reviews_left_out: int
    without_features: int
    # Predictions of the window, those that were not logged included
    traffic: float

    @property
    def subjects(self) -> int:
        return len(np.unique(self.labels.subject))


def gather_labels(model: MonitoredModel, *, days: int, without_sensitive: bool) -> Gathered:
    """Read the labels of the last days as a report counts them, at most 20,000 by a weighted subsample.

    Predictions of closed days count by their outcome, π = 1; those of open days by their review, with its chance and
    the response in π, unless so few reviews would stand for so many predictions that closed days alone tell more.
    Where the features of a closed day are no longer kept, its drawn cases stand for it: the review items hold copies.
    """
    end = today_of(model) + timedelta(days=1)
    start = end - timedelta(days=days)
    slices = model.slice_list
    # Reports on performance read more, for checks that this has not.
    job = ReportJob(model=model, kind=Kind.BASELINE, start=start, end=end, slices=[each.name for each in slices])
    evidence = gather(job, as_of=None)
    rows = _outcomes(evidence.known_rows, evidence.draws, slices)
    items = _reviews(evidence.items, slices)
    counted = _counted(rows, items)
    outcomes, reviews = len(rows), len(counted) - len(rows)
    frame = _thinned(counted, seed=evidence.seq)
    features, subjects = _sent(frame["key"].tolist())
    kept = frame[frame["key"].isin(features)].reset_index(drop=True)
    return Gathered(
        model=model,
        start=start,
        end=end,
        seq=evidence.seq,
        as_of=evidence.as_of,
        labels=_labels(model, kept, features, subjects, without_sensitive=without_sensitive),
        keys=kept["key"].to_numpy(dtype=np.int64),
        slices={each.name: _values(kept[SLICE + each.name]) for each in slices},
        outcomes=outcomes,
        reviews=reviews,
        reviews_left_out=len(items) - reviews,
        without_features=len(frame) - len(kept),
        traffic=float((evidence.cells["n"] + evidence.cells["sum_unlogged"]).sum()),
    )


def _outcomes(rows: pd.DataFrame, draws: pd.DataFrame, slices: Sequence[Slice]) -> pd.DataFrame:
    """Return the predictions of closed days with their outcome; of days without payloads, those that were drawn."""
    blind = draws[draws["is_blind"].astype(bool)].drop_duplicates("prediction_id")
    pi = blind.set_index("prediction_id")["pi"]
    is_kept = rows["received_day"].isin(_days_with_payloads(rows)).to_numpy(dtype=np.bool_)
    drawn = rows["pk"].isin(pi.index).to_numpy(dtype=np.bool_)
    chance = np.where(is_kept, 1.0, rows["pk"].map(pi).astype(float))
    frame = rows.assign(
        key=rows["pk"],
        first=rows["truth"],
        known=rows["truth"],
        is_settled=False,
        q=np.nan,
        weight=1 / (chance * rows["rate"] * rows["log_share"]),
    )
    return _columns(frame[is_kept | drawn], slices)


def _reviews(items: pd.DataFrame, slices: Sequence[Slice]) -> pd.DataFrame:
    weight = 1 / (items["pi"] * items["rate"] * items["log_share"])
    named = {"prediction_id": "key", "first_label": "first", "settled_q": "q"}
    return _columns(items.rename(columns=named | ({"q": "q_as_drawn"} if "q" in items else {})), slices, weight)


def _columns(frame: pd.DataFrame, slices: Sequence[Slice], weight: pd.Series | None = None) -> pd.DataFrame:
    if weight is not None:
        frame = frame.assign(weight=weight)
    numbers = dict.fromkeys(("predicted", "score", "first", "known", "q", "weight", "amount"), "float64")
    return frame[[*COLUMNS, *(SLICE + each.name for each in slices)]].astype(numbers)


def _days_with_payloads(rows: pd.DataFrame) -> set[date]:
    """Return the days received whose payloads are kept, by one prediction of each: retention drops whole months."""
    firsts = rows.groupby("received_day")["pk"].first()
    kept = set(Payload.objects.filter(prediction_id__in=firsts.tolist()).values_list("prediction_id", flat=True))
    return {day for day, key in zip(firsts.index.tolist(), firsts.tolist(), strict=True) if key in kept}


def _counted(outcomes: pd.DataFrame, reviews: pd.DataFrame) -> pd.DataFrame:
    """Return both, or the outcomes of closed days where these alone tell more."""
    both = pd.concat([outcomes, reviews], ignore_index=True)
    return outcomes if _equal_draws(outcomes) > _equal_draws(both) else both


def _equal_draws(frame: pd.DataFrame) -> float:
    """Return how many labels of equal weight tell as much (Kish), and at most as many as a study uses."""
    weight = frame["weight"].to_numpy(dtype=np.float64)
    return float(min(weight.sum() ** 2 / (weight @ weight), MOST_LABELS)) if len(weight) else 0.0


def _thinned(frame: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Keep about 20,000 labels, each with a probability that is proportional to its weight; the rest stand for all."""
    if len(frame) <= MOST_LABELS:
        return frame
    weight = frame["weight"].to_numpy(dtype=np.float64)
    p = _proportional(weight, MOST_LABELS)
    chosen = np.random.default_rng(seed).random(len(p)) < p
    return frame[chosen].assign(weight=weight[chosen] / p[chosen]).reset_index(drop=True)


def _proportional(weight: FloatArray, expected: int) -> FloatArray:
    """Return p = min(1, c·weight) with Σp = expected."""
    p = np.minimum(1.0, expected * weight / weight.sum())
    for _ in range(20):
        full = p >= 1
        room = expected - full.sum()
        if room <= 0 or full.all():
            break
        p = np.where(full, 1.0, np.minimum(1.0, room * weight / weight[~full].sum()))
    return np.asarray(p)


def _sent(keys: Sequence[int]) -> tuple[dict[int, Features], dict[int, str | None]]:
    """Return the features that were sent with these predictions, as far as they are kept, and whom they are about."""
    features: dict[int, Features] = {}
    subjects: dict[int, str | None] = {}
    for at in range(0, len(keys), AT_ONCE):
        some = list(keys[at : at + AT_ONCE])
        subjects |= dict(Prediction.objects.filter(pk__in=some).values_list("pk", "subject"))
        features |= {key: sent.features for key, sent in sent_with(some).items()}
    return features, subjects


def _labels(
    model: MonitoredModel,
    frame: pd.DataFrame,
    features: dict[int, Features],
    subjects: dict[int, str | None],
    *,
    without_sensitive: bool,
) -> Labels:
    declared = [each for each in model.feature_list if not (without_sensitive and each.sensitive)]
    rows = [features[key] for key in frame["key"]]
    # A prediction without a subject is about itself.
    about = [subjects.get(key) or f"\x1f{key}" for key in frame["key"]]
    return Labels(
        task=model.task,
        classes=len(model.classes),
        columns=columns_of(rows, declared if model.feature_list else []),
        live=frame["predicted"].to_numpy(),
        score=frame["score"].to_numpy(),
        first=frame["first"].to_numpy(),
        known=frame["known"].to_numpy(),
        is_settled=frame["is_settled"].to_numpy(dtype=np.bool_),
        q=frame["q"].to_numpy(),
        weight=frame["weight"].to_numpy(),
        subject=np.unique(about, return_inverse=True)[1].reshape(-1).astype(np.int64),
        amount=frame["amount"].to_numpy(),
        positive=model.positive_index if model.positive_class else 1,
    )


def _values(column: pd.Series) -> list[str | None]:
    return [None if value is None or value != value else str(value) for value in column]  # noqa: PLR0124  # nan
