"""How well a team reviews: each person's figures, recognition rates by class, and agreement in each queue."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from apps.accounts.models import User
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review.models import ReviewItem
from apps.stats.arrays import FloatArray
from apps.stats.estimate import Estimate
from apps.stats.reviewers.many_raters import gwet_ac1, krippendorff_alpha
from apps.stats.reviewers.quality import ReviewerQuality, reviewer_quality
from apps.stats.reviewers.specific_agreement import specific_agreement
from apps.truth.services.quality import Period, Quality, has_later_truth, quality_by_person, share

# A confusion table with more classes is unreadable.
MOST_CLASSES = 8
# Regression labels are nearly all distinct, so alpha is O(n²) in the cases.
MOST_REGRESSION_CASES = 300


@dataclass(frozen=True)
class Member:
    """One person of the team. `rates` says how often they recognize each class, shrunk toward the team's rate."""

    user: User
    quality: Quality
    rates: list[Estimate]


@dataclass(frozen=True)
class Team:
    """Everyone who has answered, and how often the team recognizes each class."""

    members: list[Member]
    rates: list[Estimate]


@dataclass(frozen=True)
class Confusion:
    """One true class, and how often reviewers answered each class to it."""

    label: str
    rates: list[Estimate]

    @property
    def n(self) -> int:
        return self.rates[0].n


@dataclass(frozen=True)
class Agreement:
    """Agreement in one queue, among the reviewers and with the truth.

    `classes` and `confusion` are empty for a regression; `confusion` also where there are too many classes.
    """

    queue: ReviewQueue
    classes: list[tuple[str, Estimate]]
    # None for a regression
    ac1: Estimate | None
    alpha: Estimate
    confusion: list[Confusion]
    # Of numbers with a tolerance: how often the first two answers to a case agree
    within: Estimate | None = None


def team_quality(model: MonitoredModel, answers: pd.DataFrame, *, period: Period) -> Team:
    """Compute the figures of everyone who answered in the period, most answers first."""
    figures = quality_by_person(model, answers, period=period)
    people = User.objects.in_bulk(list(figures))
    order = sorted(figures, key=lambda key: (-figures[key].answers, people[key].email))
    confusion, classes = _confusion_rates(model, answers, order), _classes(model)
    if confusion is None:
        return Team([Member(people[key], figures[key], []) for key in order], [])
    own_rates = [[confusion.rate(index, truth=k, label=k) for k in classes] for index in range(len(order))]
    team_rates = [confusion.team_rate(truth=k, label=k) for k in classes]
    members = [Member(people[key], figures[key], rates) for key, rates in zip(order, own_rates, strict=True)]
    return Team(members, team_rates)


def agreements(model: MonitoredModel, answers: pd.DataFrame) -> list[Agreement]:
    """Compute agreement in each of the model's queues, from drawn cases only: a probe has a single answer."""
    drawn = answers[answers["is_settled"] & (answers["purpose"] == ReviewItem.Purpose.REVIEW)]
    return [_agreement(model, queue, drawn[drawn["queue"] == queue.pk]) for queue in model.queues.order_by("id")]


def _agreement(model: MonitoredModel, queue: ReviewQueue, drawn: pd.DataFrame) -> Agreement:
    ratings = _ratings(drawn)
    # a fixed seed, so that the page always shows the same figures
    rng = np.random.default_rng(queue.pk)
    if model.is_regression:
        newest = ratings[(~np.isnan(ratings)).sum(axis=1) > 1][-MOST_REGRESSION_CASES:]
        alpha = krippendorff_alpha(newest, rng=rng, metric="interval")
        return Agreement(queue, [], None, alpha, [], within=_within(model, ratings))
    names = [model.label(index) for index in _classes(model)]
    by_class = specific_agreement(ratings, classes=len(names), rng=rng)
    ac1 = gwet_ac1(ratings, classes=len(names), rng=rng)
    alpha = krippendorff_alpha(ratings, rng=rng)
    return Agreement(queue, list(zip(names, by_class, strict=True)), ac1, alpha, _confusion(model, drawn))


def _within(model: MonitoredModel, ratings: FloatArray) -> Estimate | None:
    """Return the share of cases whose first two answers are within the tolerance; None without one."""
    if not model.tells_right_from_wrong:
        return None
    first, second = (ratings[:, place : place + 1].ravel() for place in (0, 1))
    both = ~np.isnan(second)
    return share(np.asarray(model.agrees(first[: len(second)][both], second[both]), dtype=np.bool_))


def _ratings(drawn: pd.DataFrame) -> FloatArray:
    """Arrange answers as cases × answers, cases in the order of their first answer. Who answered does not matter."""
    cases = drawn.groupby(["item", "round"], sort=False)
    case, place = cases.ngroup().to_numpy(), cases.cumcount().to_numpy()
    table = np.full((int(case.max(initial=-1)) + 1, int(place.max(initial=-1)) + 1), np.nan)
    table[case, place] = drawn["value"].to_numpy()
    return table


def _confusion(model: MonitoredModel, drawn: pd.DataFrame) -> list[Confusion]:
    people = list(dict.fromkeys(drawn["reviewer"]))
    rates = _confusion_rates(model, drawn, people) if len(model.classes) <= MOST_CLASSES else None
    if rates is None:
        return []
    classes = _classes(model)
    return [Confusion(model.label(k), [rates.team_rate(truth=k, label=label) for label in classes]) for k in classes]


def _confusion_rates(model: MonitoredModel, answers: pd.DataFrame, people: list[int]) -> ReviewerQuality | None:
    """Estimate confusion rates from the blind answers to cases with a known truth; None for a regression.

    Adjudicators see more of the cases on which reviewers disagree, so answers are weighted by the probability that
    their truth became known.
    """
    if model.is_regression:
        return None
    known = answers[has_later_truth(answers)]
    positions = {key: index for index, key in enumerate(people)}
    return reviewer_quality(
        known["reviewer"].map(positions).to_numpy(),
        known["value"].to_numpy(),
        known["truth"].to_numpy(),
        classes=len(model.classes),
        reviewers=len(people),
        pi=known["truth_probability"].to_numpy(),
    )


def _classes(model: MonitoredModel) -> range:
    return range(len(model.classes))
