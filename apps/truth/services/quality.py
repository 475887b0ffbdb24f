"""How well one person reviews: against known answers, the others, later truth, and their own answers of before.

Of classes a figure is a share; of numbers it is how far apart half of the answers are at most.
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

WINDOWS = (30, 90, 365)
WINDOW = 90
PACE_DAYS = 30
Purpose = ReviewItem.Purpose


@dataclass(frozen=True)
class Window:
    """The last so many days in the project's time zone, today included."""

    days: int
    since: datetime
    today: datetime

    @classmethod
    def of(cls, model: MonitoredModel, *, days: int = WINDOW) -> "Window":
        day = timezone.now().astimezone(model.zone).date()
        return cls(days, day_start(model, day - timedelta(days=days - 1)), day_start(model, day))


@dataclass(frozen=True)
class Reveals:
    """Of the blind cases whose answer was kept or changed after the reveal: how often it was changed, and where to."""

    changed: Estimate
    towards: Estimate
    away: Estimate


@dataclass(frozen=True)
class Quality:
    """One person's figures; all but `seconds` of cases that were drawn or known, never of adjudications."""

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
    """One day of one person: answers, and seconds of half of them."""

    day: date
    answers: int
    seconds: Estimate


def answers_of(model: MonitoredModel, *, window: Window, reviewer: int | None = None) -> pd.DataFrame:
    """The window's answers with how far each is from the majority of the others (`from_others`, nan: none to compare).

    A case counts there once it is settled, so that nobody learns what others said of an open one.
    """
    frame = answers_frame(model, since=window.since, today=window.today, reviewer=reviewer)
    drawn = frame["is_settled"] & (frame["purpose"] == Purpose.REVIEW)
    among = _median_of_others(frame) if model.is_regression else _majority_of_others(frame)
    frame["from_others"] = _distance(model, frame["value"].to_numpy(), np.where(drawn, among, np.nan))
    mine = frame["is_in_window"] if reviewer is None else frame["is_in_window"] & (frame["reviewer"] == reviewer)
    return frame[mine].reset_index(drop=True)


def quality(model: MonitoredModel, answers: pd.DataFrame, *, window: Window) -> dict[int, Quality]:
    """The figures of everybody who has answered, by person."""
    usual = median_times(model, since=window.since)
    by_person = answers.groupby("reviewer", sort=False)
    return {int(own["reviewer"].iloc[0]): _quality(model, own, usual) for _, own in by_person}


def nothing() -> Quality:
    """Of somebody who has not answered yet."""
    none = missing("no_labels")
    return Quality(0, none, none, none, none, none, [], Reveals(none, none, none))


def _quality(model: MonitoredModel, own: pd.DataFrame, usual: dict[int, float]) -> Quality:
    known = _distance(model, own["value_before_today"].to_numpy(), own["known"].to_numpy())
    later = own[later_truths(own)]
    purpose = own["purpose"].to_numpy()
    return Quality(
        answers=len(own),
        gold=_figure(model, known[purpose == Purpose.GOLD]),
        others=_figure(model, own["from_others"].to_numpy()),
        later=_figure(model, _distance(model, later["value"].to_numpy(), later["truth"].to_numpy())),
        consistency=_figure(model, known[purpose == Purpose.REPEAT]),
        seconds=median_estimate(own["active_ms"].dropna().to_numpy() / 1000),
        streaks=streaks(own, median_times=usual),
        reveals=_reveals(model, own),
    )


def later_truths(answers: pd.DataFrame) -> "pd.Series[bool]":
    """The drawn blind answers of which it is known by now what is true."""
    return (answers["purpose"] == Purpose.REVIEW) & answers["was_blind"] & answers["truth"].notna()


def pace(model: MonitoredModel, answers: pd.DataFrame, *, window: Window) -> list[Pace]:
    """The last thirty days, each with its answers, today last."""
    moments = pd.to_datetime(answers["decided_at"], unit="s", utc=True).dt.tz_convert(model.zone)
    by_day = dict(tuple(answers["active_ms"].groupby(moments.dt.date)))
    today, none = window.today.astimezone(model.zone).date(), pd.Series(dtype="float64")
    days = [today - timedelta(days=back) for back in reversed(range(PACE_DAYS))]
    times = [by_day.get(day, none) for day in days]
    return [
        Pace(day, len(of_day), median_estimate(of_day.dropna().to_numpy() / 1000))
        for day, of_day in zip(days, times, strict=True)
    ]


def share(hits: BoolArray) -> Estimate:
    """The share of hits with Wilson's interval; `no_labels` of nothing."""
    n = len(hits)
    if n == 0:
        return missing("no_labels")
    low, high = wilson_interval(float(hits.sum()), n)
    return Estimate(float(hits.mean()), low, high, "wilson", n, n_eff=float(n))


def _figure(model: MonitoredModel, distances: FloatArray) -> Estimate:
    """Of distances, nan where there is nothing to compare: how many are none, or of numbers their median."""
    told = distances[~np.isnan(distances)]
    return median_estimate(told) if model.is_regression else share(told == 0)


def _distance(model: MonitoredModel, one: FloatArray, other: FloatArray) -> FloatArray:
    """Of classes 0 where they are the same, else 1; of numbers their absolute difference."""
    apart = np.abs(one - other)
    return apart if model.is_regression else np.where(np.isnan(apart), np.nan, (apart > 0).astype(np.float64))


def _reveals(model: MonitoredModel, own: pd.DataFrame) -> Reveals:
    told = own[(own["purpose"] == Purpose.REVIEW) & own["was_blind"] & own["kept"].notna()]
    first, kept, predicted = (told[name].to_numpy() for name in ("value", "kept", "predicted"))
    before, after = _distance(model, first, predicted), _distance(model, kept, predicted)
    return Reveals(share(first != kept), share(after < before), share(after > before))


def _majority_of_others(frame: pd.DataFrame) -> FloatArray:
    """What more than half of the others said of the same case; nan where no class has so many."""
    case = frame.groupby(["item", "round"], sort=False).ngroup().to_numpy()
    said, places = np.unique(frame["value"].to_numpy(), return_inverse=True)
    counts = np.zeros((int(case.max(initial=-1)) + 1, len(said)))
    np.add.at(counts, (case, places), 1)
    others = counts[case]
    others[np.arange(len(frame)), places] -= 1
    is_majority = 2 * others > others.sum(axis=1, keepdims=True)
    return np.where(is_majority.any(axis=1), said[is_majority.argmax(axis=1)] if len(said) else np.nan, np.nan)


def _median_of_others(frame: pd.DataFrame) -> FloatArray:
    """The median of what the others said of the same case; nan where nobody did."""
    cases = frame.groupby(["item", "round"], sort=False)
    case, place = cases.ngroup().to_numpy(), cases.cumcount().to_numpy()
    table = np.full((int(case.max(initial=-1)) + 1, int(place.max(initial=-1)) + 1), np.nan)
    table[case, place] = frame["value"].to_numpy()
    others = table[case]
    others[np.arange(len(frame)), place] = np.nan
    found = np.full(len(frame), np.nan)
    compared = ~np.isnan(others).all(axis=1)
    found[compared] = np.nanmedian(others[compared], axis=1)
    return found
