"""How well one person reviews, measured by known answers, the others, later truth, and their own earlier answers.

A figure is the share of equal answers, of numbers within the tolerance; without a tolerance, the median difference.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from django.utils import timezone

from apps.registry.models import MonitoredModel
from apps.review.models import ReviewItem
from apps.stats.arrays import BoolArray, FloatArray
from apps.stats.estimate import Estimate, missing
from apps.stats.intervals import wilson_interval
from apps.stats.medians import median_estimate
from apps.truth.services.answer_frames import answers_frame, median_times
from apps.truth.services.cohorts import day_start
from apps.truth.services.streaks import Streak, streaks

PERIODS = (30, 90, 365)  # days
PERIOD = 90
PACE_DAYS = 30
Purpose = ReviewItem.Purpose


@dataclass(frozen=True)
class Period:
    """The last `days` days in the project's time zone, today included."""

    days: int
    since: datetime
    today: datetime

    @classmethod
    def of(cls, model: MonitoredModel, *, days: int = PERIOD) -> "Period":
        today = timezone.now().astimezone(model.zone).date()
        return cls(days, day_start(model, today - timedelta(days=days - 1)), day_start(model, today))


@dataclass(frozen=True)
class Reveals:
    """How often the answer to a blind case changed after the reveal, in total, toward the model and away from it."""

    changed: Estimate
    toward: Estimate
    away: Estimate


@dataclass(frozen=True)
class Quality:
    """One person's figures. Adjudications never count.

    `gold` compares with known answers, `others` with the majority of the others, `later` with the truth that became
    known later, `consistency` with the person's own earlier answer. `seconds` is the median time of all answers.
    """

    answers: int
    gold: Estimate
    others: Estimate
    later: Estimate
    consistency: Estimate
    seconds: Estimate
    streaks: list[Streak]
    reveals: Reveals


@dataclass(frozen=True)
class Pace:
    """One person's day: the number of answers and their median active seconds."""

    day: date
    answers: int
    seconds: Estimate


def first_answers(model: MonitoredModel, *, period: Period, reviewer: int | None = None) -> pd.DataFrame:
    """Read the period's answers, each with its distance from the others' answers as `from_others` (nan: none).

    Only settled cases are compared, and only with answers whose day is over: nobody may learn what others answered to
    an open case, nor from one figure to the next what they answered to the case just judged.
    """
    frame = answers_frame(model, since=period.since, today=period.today, reviewer=reviewer)
    drawn = frame["is_settled"] & (frame["purpose"] == Purpose.REVIEW)
    others = _median_of_others(frame) if model.is_regression else _majority_of_others(frame)
    frame["from_others"] = _distance(model, frame["value_before_today"].to_numpy(), np.where(drawn, others, np.nan))
    wanted = frame["is_in_period"] if reviewer is None else frame["is_in_period"] & (frame["reviewer"] == reviewer)
    return frame[wanted].reset_index(drop=True)


def quality_by_person(model: MonitoredModel, answers: pd.DataFrame, *, period: Period) -> dict[int, Quality]:
    """Compute the figures of each person who has answered."""
    medians = median_times(model, since=period.since)
    by_person = answers.groupby("reviewer", sort=False)
    return {int(own["reviewer"].iloc[0]): _quality(model, own, medians) for _, own in by_person}


def without_answers() -> Quality:
    """Return the figures of a person who has not answered yet."""
    none = missing("no_labels")
    return Quality(0, none, none, none, none, none, [], Reveals(none, none, none))


def _quality(model: MonitoredModel, own: pd.DataFrame, medians: dict[int, float]) -> Quality:
    from_known = _distance(model, own["value_before_today"].to_numpy(), own["known"].to_numpy())
    later = own[has_later_truth(own)]
    purpose = own["purpose"].to_numpy()
    return Quality(
        answers=len(own),
        gold=_figure(model, from_known[purpose == Purpose.GOLD]),
        others=_figure(model, own["from_others"].to_numpy()),
        later=_figure(model, _distance(model, later["value"].to_numpy(), later["truth"].to_numpy())),
        consistency=_figure(model, from_known[purpose == Purpose.REPEAT]),
        seconds=median_estimate(own["active_ms"].dropna().to_numpy() / 1000),
        streaks=streaks(model, own, median_times=medians),
        reveals=_reveals(model, own),
    )


def has_later_truth(answers: pd.DataFrame) -> "pd.Series[bool]":
    """Mark the drawn blind answers whose case is settled and has a known truth."""
    drawn = answers["is_settled"] & (answers["purpose"] == Purpose.REVIEW)
    return drawn & answers["was_blind"] & answers["truth"].notna()


def pace(model: MonitoredModel, answers: pd.DataFrame, *, period: Period) -> list[Pace]:
    """Summarize each of the last thirty days, today last."""
    moments = pd.to_datetime(answers["decided_at"], unit="s", utc=True).dt.tz_convert(model.zone)
    by_day = dict(tuple(answers["active_ms"].groupby(moments.dt.date)))
    today, none = period.today.astimezone(model.zone).date(), pd.Series(dtype="float64")
    days = [today - timedelta(days=back) for back in reversed(range(PACE_DAYS))]
    times = [by_day.get(day, none) for day in days]
    return [
        Pace(day, len(of_day), median_estimate(of_day.dropna().to_numpy() / 1000))
        for day, of_day in zip(days, times, strict=True)
    ]


def share(hits: BoolArray) -> Estimate:
    """Return the share of hits with Wilson's interval; `no_labels` if there are none to count."""
    n = len(hits)
    if n == 0:
        return missing("no_labels")
    low, high = wilson_interval(float(hits.sum()), n)
    return Estimate(float(hits.mean()), low, high, "wilson", n, n_eff=float(n))


def _figure(model: MonitoredModel, distances: FloatArray) -> Estimate:
    """Return the share of zero distances, or the median of differences. nan means nothing to compare."""
    compared = distances[~np.isnan(distances)]
    return share(compared == 0) if model.tells_right_from_wrong else median_estimate(compared)


def _distance(model: MonitoredModel, one: FloatArray, other: FloatArray) -> FloatArray:
    """Return 0 if both are the same answer, else 1; of numbers without a tolerance, how far they are apart."""
    difference = np.abs(one - other)
    if not model.tells_right_from_wrong:
        return difference
    differs = ~np.asarray(model.agrees(one, other), dtype=np.bool_)
    return np.where(np.isnan(difference), np.nan, differs.astype(np.float64))


def _reveals(model: MonitoredModel, own: pd.DataFrame) -> Reveals:
    revealed = own[(own["purpose"] == Purpose.REVIEW) & own["was_blind"] & own["kept"].notna()]
    first, kept, predicted = (revealed[name].to_numpy() for name in ("value", "kept", "predicted"))
    before, after = (_apart(model, each, predicted) for each in (first, kept))
    changed = ~np.asarray(model.agrees(first, kept), dtype=np.bool_)
    return Reveals(share(changed), share(changed & (after < before)), share(changed & (after > before)))


def _apart(model: MonitoredModel, one: FloatArray, other: FloatArray) -> FloatArray:
    """Return how far two answers are apart, within the tolerance as well; 1 for two classes."""
    difference = np.abs(one - other)
    return difference if model.is_regression else np.asarray(difference > 0, dtype=np.float64)


def _majority_of_others(frame: pd.DataFrame) -> FloatArray:
    """Return the answer of more than half of the others to the same case; nan where there is no such majority."""
    case = frame.groupby(["item", "round"], sort=False).ngroup().to_numpy()
    classes, index = np.unique(frame["value"].to_numpy(), return_inverse=True)
    counts = np.zeros((int(case.max(initial=-1)) + 1, len(classes)))
    np.add.at(counts, (case, index), 1)
    others = counts[case]
    others[np.arange(len(frame)), index] -= 1
    is_majority = 2 * others > others.sum(axis=1, keepdims=True)
    majority = classes[is_majority.argmax(axis=1)] if len(classes) else np.nan
    return np.where(is_majority.any(axis=1), majority, np.nan)


def _median_of_others(frame: pd.DataFrame) -> FloatArray:
    """Return the median of the others' answers to the same case; nan where there are none."""
    cases = frame.groupby(["item", "round"], sort=False)
    case, place = cases.ngroup().to_numpy(), cases.cumcount().to_numpy()
    table = np.full((int(case.max(initial=-1)) + 1, int(place.max(initial=-1)) + 1), np.nan)
    table[case, place] = frame["value"].to_numpy()
    others = table[case]
    others[np.arange(len(frame)), place] = np.nan
    medians = np.full(len(frame), np.nan)
    compared = ~np.isnan(others).all(axis=1)
    medians[compared] = np.nanmedian(others[compared], axis=1)
    return medians
