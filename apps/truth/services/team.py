"""How well a team reviews: everybody's figures, rates by class, and how far people agree in each queue."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from apps.accounts.models import User
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review.models import ReviewItem
from apps.stats.arrays import FloatArray
from apps.stats.estimate import Estimate, missing
from apps.stats.reviewers.many_raters import gwet_ac1, krippendorff_alpha
from apps.stats.reviewers.quality import ReviewerQuality, reviewer_quality
from apps.stats.reviewers.specific_agreement import specific_agreement
from apps.truth.services.quality import Quality, Window, later_truths, quality

# A table of more classes than these says nothing to anybody.
MOST_CLASSES = 8
# Of numbers hardly two cases are alike, so that the work grows with the square of the cases.
MOST_CASES_OF_NUMBERS = 300


@dataclass(frozen=True)
class Reviewer:
    """One person of the team; `rates`: how often they recognise each class, drawn towards the team's rate."""

    user: User
    quality: Quality
    rates: list[Estimate]


@dataclass(frozen=True)
class Team:
    """Everybody who has answered, and how often somebody like them recognises each class."""

    reviewers: list[Reviewer]
    rates: list[Estimate]


@dataclass(frozen=True)
class Confusion:
    """Of the cases that turned out to be of one class: how often reviewers said each class."""

    label: str
    rates: list[Estimate]

    @property
    def n(self) -> int:
        return self.rates[0].n


@dataclass(frozen=True)
class Agreement:
    """One queue: how far people agree among themselves, and with what turned out to be true.

    `classes` and `confusion` are empty for numbers, `confusion` also where there are too many classes.
    """

    queue: ReviewQueue
    classes: list[tuple[str, Estimate]]
    ac1: Estimate
    alpha: Estimate
    confusion: list[Confusion]


def team(model: MonitoredModel, answers: pd.DataFrame, *, window: Window) -> Team:
    """Who has answered in this time, most first."""
    figures = quality(model, answers, window=window)
    people = User.objects.in_bulk(list(figures))
    order = sorted(figures, key=lambda key: (-figures[key].answers, people[key].email))
    found, classes = _rates(model, answers, order), _classes(model)
    if found is None:
        return Team([Reviewer(people[key], figures[key], []) for key in order], [])
    of_each = [[found.rate(at, truth=k, label=k) for k in classes] for at in range(len(order))]
    of_all = [found.team_rate(truth=k, label=k) for k in classes]
    return Team([Reviewer(people[key], figures[key], own) for key, own in zip(order, of_each, strict=True)], of_all)


def agreements(model: MonitoredModel, answers: pd.DataFrame) -> list[Agreement]:
    """The model's queues. Probes have one answer each and settle nothing: only what was drawn counts."""
    drawn = answers[answers["is_settled"] & (answers["purpose"] == ReviewItem.Purpose.REVIEW)]
    return [_agreement(model, queue, drawn[drawn["queue"] == queue.pk]) for queue in model.queues.order_by("id")]


def _agreement(model: MonitoredModel, queue: ReviewQueue, drawn: pd.DataFrame) -> Agreement:
    ratings = _ratings(drawn)
    # The same figures on every look.
    rng = np.random.default_rng(queue.pk)
    if model.is_regression:
        newest = ratings[(~np.isnan(ratings)).sum(axis=1) > 1][-MOST_CASES_OF_NUMBERS:]
        alpha = krippendorff_alpha(newest, rng=rng, metric="interval")
        return Agreement(queue, [], missing("unsupported_task"), alpha, [])
    names = [model.label(at) for at in _classes(model)]
    of_each = specific_agreement(ratings, classes=len(names), rng=rng)
    ac1 = gwet_ac1(ratings, classes=len(names), rng=rng)
    alpha = krippendorff_alpha(ratings, rng=rng)
    return Agreement(queue, list(zip(names, of_each, strict=True)), ac1, alpha, _confusion(model, drawn))


def _ratings(drawn: pd.DataFrame) -> FloatArray:
    """Cases × answers, in the order in which the cases were answered first; who said which does not matter."""
    cases = drawn.groupby(["item", "round"], sort=False)
    case, place = cases.ngroup().to_numpy(), cases.cumcount().to_numpy()
    table = np.full((int(case.max(initial=-1)) + 1, int(place.max(initial=-1)) + 1), np.nan)
    table[case, place] = drawn["value"].to_numpy()
    return table


def _confusion(model: MonitoredModel, drawn: pd.DataFrame) -> list[Confusion]:
    people = list(dict.fromkeys(drawn["reviewer"]))
    rates = _rates(model, drawn, people) if len(model.classes) <= MOST_CLASSES else None
    if rates is None:
        return []
    classes = _classes(model)
    return [Confusion(model.label(k), [rates.team_rate(truth=k, label=said) for said in classes]) for k in classes]


def _rates(model: MonitoredModel, answers: pd.DataFrame, people: list[int]) -> ReviewerQuality | None:
    """Confusion rows from the blind answers of which the truth is known.

    Adjudicators see more of the cases on which people differ: answers weigh by the probability that the truth became
    known.
    """
    if model.is_regression:
        return None
    known = answers[later_truths(answers)]
    places = {key: at for at, key in enumerate(people)}
    return reviewer_quality(
        known["reviewer"].map(places).to_numpy(),
        known["value"].to_numpy(),
        known["truth"].to_numpy(),
        classes=len(model.classes),
        reviewers=len(people),
        pi=known["truth_probability"].to_numpy(),
    )


def _classes(model: MonitoredModel) -> range:
    return range(len(model.classes))
