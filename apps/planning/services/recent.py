"""Recent predictions of a model: a random sample of them, with what each day brought in all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from django.db.models import Max, Sum

from apps.registry.models import MonitoredModel, ScoreBinning
from apps.sampling.models import PopulationCell
from apps.sampling.services import kept
from apps.sampling.services.columns import Bools, Coded, Column, Floats, Table
from apps.sampling.services.conditions import FEATURE
from apps.sampling.services.probabilities import SLICE
from apps.stats.arrays import IntArray, sum_by
from apps.stats.estimators.population import Population
from apps.stats.score_bins import ScoreBins

DAYS = 28
LEAST_SHARE = 0.01
MOST_SLICES = 12
MOST_VALUES = 60


@dataclass(frozen=True)
class SliceValue:
    """One value of a declared slice, and which of the sampled predictions have it."""

    name: str
    value: str
    # What the value means, where it is a code
    meaning: str
    share: float
    rows: Bools


class Recent:
    """The sampled predictions, each weighted so that those of a day add up to all that the day brought."""

    def __init__(self, model: MonitoredModel) -> None:
        self.model = model
        self.sample = kept.sample_of(model)
        self.days, self.per_day = _traffic(model)
        self._bins: ScoreBins = ScoreBinning.in_force(model).score_bins

    @property
    def table(self) -> Table:
        return self.sample.table

    @property
    def is_empty(self) -> bool:
        return not self.days or not self.table.size

    @cached_property
    def day(self) -> IntArray:
        """The position of each row's day in `days`; rows from outside them count for the nearest."""
        numbers = np.array([each.toordinal() for each in self.days])
        return np.clip(np.searchsorted(numbers, self.sample.day), 0, len(numbers) - 1)

    @cached_property
    def weight(self) -> Floats:
        """How many predictions of its day each row stands for."""
        within = sum_by(self.day, self.sample.weight, size=len(self.days))
        sampled = within > 0
        # Days too short to have been sampled are spread over all others.
        scale = np.where(sampled, self.per_day, 0.0) * self.per_day.sum() / max(self.per_day[sampled].sum(), 1.0)
        return np.asarray(self.sample.weight * (scale / np.where(sampled, within, 1.0))[self.day])

    @property
    def decisions_a_day(self) -> float:
        return float(self.per_day.mean()) if self.days else 0.0

    def daily(self, each: Floats) -> Floats:
        """Add up a quantity of each row over the predictions of each day."""
        return np.asarray(sum_by(self.day, self.weight * each, size=len(self.days)))

    @cached_property
    def slices(self) -> list[SliceValue]:
        """The values of the declared slices that are frequent enough to be planned for, the most frequent first."""
        found = []
        for each in self.model.slice_list:
            column = self.table.coded(SLICE + each.key)
            for code, value in enumerate(column.values):
                rows = column.codes == code
                share = float(self.weight[rows].sum() / self.weight.sum())
                if value is not None and share >= LEAST_SHARE:
                    meaning = self.model.feature(each.feature).codes.get(str(value), str(value))
                    found.append(SliceValue(each.name, str(value), meaning, share, rows))
        return sorted(found, key=lambda each: -each.share)[:MOST_SLICES]

    @cached_property
    def slice_values(self) -> Mapping[str, list[str]]:
        """The values of each declared slice that were seen lately."""
        return {
            each.name: sorted(str(value) for value in self.table.coded(SLICE + each.key).values if value is not None)
            for each in self.model.slice_list
        }

    @cached_property
    def values(self) -> Mapping[str, list[Any]]:
        """The values of each feature that has few, as conditions would name them."""
        found = {}
        for feature in self.model.feature_list:
            values = distinct(self.table[FEATURE + feature.name], most=MOST_VALUES)
            if values:
                found[FEATURE + feature.name] = values
        return found

    @cached_property
    def cells(self) -> "Cells":
        return Cells(self, np.ones(self.table.size, dtype=bool))


class Cells:
    """Population cells of some of the sampled predictions, for any draw of them."""

    def __init__(self, recent: Recent, rows: Bools) -> None:
        self._rows = rows
        table, model = recent.table, recent.model
        self._weight = recent.weight[rows]
        score, predicted = table.numbers("score")[rows], table.numbers("predicted_index")[rows]
        self._amount = np.nan_to_num(table.numbers("amount")[rows], nan=1.0)
        share = table.numbers("log_share")[rows]
        # What each stands for beside those that were not logged, and what logging adds to the variance of their number
        self._times, logging = 1 / share, (1 - share) / share**2
        self._bins = recent._bins
        if model.is_regression:
            bins = np.searchsorted(np.asarray(model.bin_edges or [], dtype=np.float64), predicted)
            classes = np.zeros(len(predicted), dtype=np.int64)
        else:
            bins, classes = self._bins.place(score).astype(np.int64), predicted.astype(np.int64)
        code = classes * 1_000 + bins + 1
        _, first, self.place = np.unique(code, return_index=True, return_inverse=True)
        self._known = np.nan_to_num(score)
        self._fixed = {
            "predicted": classes[first],
            "bin": bins[first],
            "n": self._sum(self._times),
            "sum_score": self._sum(self._times * self._known),
            "sum_score2": self._sum(self._times * self._known**2),
            "sum_amount": self._sum(self._times * self._amount),
            "logged": self._sum(np.ones(len(code))),
            "sum_logging": self._sum(logging),
            "sum_amount2_logging": self._sum(self._amount**2 * logging),
        }

    def drawn(self, pi: Floats, *, chance: float) -> Population:
        """Return the cells as drawn with these probabilities of all sampled rows; `chance` is what all have alike."""
        p = pi[self._rows]
        covered = p > 0
        odds = np.where(covered, (1 - p) / np.where(covered, p, 1.0), 0.0)
        odds, odds2 = self._times**2 * odds, self._times**4 * odds**2 * (1 + odds)
        return Population.of(
            **self._fixed,
            sum_pi=self._sum(p),
            sum_odds=self._sum(odds),
            sum_odds2=self._sum(odds2),
            sum_chance=self._fixed["logged"] * chance,
            sum_amount2_odds=self._sum(self._amount**2 * odds),
            sum_amount4_odds2=self._sum(self._amount**4 * odds2),
            n_uncovered=self._sum((~covered).astype(np.float64)),
            score_bins=self._bins,
        )

    def _sum(self, each: Floats) -> Floats:
        return np.asarray(sum_by(self.place, self._weight * each, size=int(self.place.max(initial=-1)) + 1))


def distinct(column: Column, *, most: int) -> list[Any]:
    """Return the distinct values of a column in their order; none where there are more than `most`."""
    values = column.values if isinstance(column, Coded) else np.unique(column[~np.isnan(column)]).tolist()
    known = [each for each in values if each is not None and not isinstance(each, list | dict | tuple)]
    known = [int(each) if isinstance(each, float) and each.is_integer() else each for each in known]
    return sorted(known, key=lambda each: (str(type(each)), each)) if len(known) <= most else []


def _traffic(model: MonitoredModel) -> tuple[list[date], Floats]:
    """Return the last 28 days up to the newest prediction, and how many predictions each brought."""
    version = ScoreBinning.in_force(model).version
    cells = PopulationCell.objects.filter(model=model).in_bins(version).of_everyone()
    last: date | None = cells.aggregate(last=Max("day"))["last"]
    if last is None:
        return [], np.zeros(0)
    start = last - timedelta(days=DAYS - 1)
    by_day = dict(cells.filter(day__gte=start).values_list("day").annotate(Sum("n")))
    first = min(by_day)
    days = [first + timedelta(days=each) for each in range((last - first).days + 1)]
    return days, np.array([float(by_day.get(day, 0)) for day in days])
