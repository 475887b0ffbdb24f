"""Other cases beside the one on the desk, without their predictions: people see them before they judge.

Their answers and outcomes count as seen. None is shown of a case that is judged blind at the moment.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from apps.accounts.models import Membership
from apps.predictions.models import Outcome, Prediction
from apps.predictions.services import sightings
from apps.predictions.services.sightings import Place
from apps.registry.models import MonitoredModel
from apps.registry.models.features import is_number
from apps.review.models import Decision, ReviewItem
from apps.review.services import sight
from apps.review.services.masking import NOTHING, Hidden

CANDIDATES = 500
NEAREST = 5
DIFFERENCES = 4
PRECEDENTS = 10
HISTORY = 20


@dataclass(frozen=True)
class PastCase:
    """An earlier case about the same subject, with its answer and outcome, never with its prediction."""

    case: str
    predicted_at: datetime
    settled: str
    outcome: str


@dataclass(frozen=True)
class Difference:
    label: str
    here: str
    there: str


@dataclass(frozen=True)
class Neighbor:
    """A settled case similar to this one."""

    case: str
    predicted_at: datetime
    settled: str
    distance: float
    differences: list[Difference]


@dataclass(frozen=True)
class Precedent:
    """A settled case kept as an example: why it was disputed, and what an adjudicator wrote."""

    case: str
    settled: str
    settled_at: datetime
    reasons: list[str]
    word: str


def history(item: ReviewItem, *, by: Membership) -> list[PastCase]:
    """Return other cases about the same subject, newest first, with settled answers and true outcomes."""
    prediction, model = item.prediction, item.model
    if not prediction.subject:
        return []
    others = Prediction.objects.filter(model=model, subject=prediction.subject).exclude(pk=prediction.pk)
    found = list(others.order_by("-predicted_at")[:HISTORY])
    settled = {each.prediction_id: settled_answer(each) for each in _settled(model, by=by).filter(prediction__in=found)}
    shut = _judged_blind_now(model, found, by=by)
    open_to_all = {each.external_id: each.pk for each in found if each.pk not in shut}
    known = Outcome.objects.filter(model=model, external_id__in=open_to_all).order_by("occurred_at", "id")
    outcomes = {each.external_id: model.label(each.outcome) for each in known}
    sightings.note({*settled, *(open_to_all[each] for each in outcomes)}, by.user, Place.BESIDE)
    return [
        PastCase(each.external_id, each.predicted_at, settled.get(each.pk, ""), outcomes.get(each.external_id, ""))
        for each in found
    ]


def nearest(item: ReviewItem, *, by: Membership, hidden: Hidden = NOTHING) -> list[Neighbor]:
    """Return the settled cases closest to this one, among the most recently settled. Hidden features don't count.

    The distance in a number is the difference in standard deviations of the candidates; in a code it is 1 if they
    differ. The distance of two cases is the root mean square over the features that either has.
    """
    # Excluded by prediction, since a probe repeats a settled case.
    others = _settled(item.model, by=by).exclude(prediction=item.prediction_id)
    candidates = list(others.order_by("-labelled_at", "-pk")[:CANDIDATES])
    if not candidates or not item.features:
        return []
    distances = _distances(_seen(item, hidden), [_seen(each, hidden) for each in candidates])
    order = np.argsort(distances, kind="stable")[:NEAREST]
    sight.note([candidates[index] for index in order], by=by, place=Place.BESIDE)
    return [_neighbor(item, candidates[index], float(distances[index]), hidden) for index in order]


def precedents(item: ReviewItem, *, by: Membership) -> list[Precedent]:
    """Return the cases adjudicators keep as examples, newest first."""
    kept = _settled(item.model, by=by).filter(adjudicated__isnull=False, is_precedent=True)
    found = list(kept.exclude(prediction=item.prediction_id).order_by("-adjudicated_at")[:PRECEDENTS])
    sight.note(found, by=by, place=Place.BESIDE)
    decisions = Decision.objects.filter(item__in=found, value__isnull=False).select_related("slot").order_by("id")
    by_item: dict[int, list[Decision]] = {}
    for decision in decisions:
        by_item.setdefault(decision.item_id, []).append(decision)
    return [_precedent(each, by_item.get(each.pk, [])) for each in found]


def settled_answer(item: ReviewItem) -> str:
    """Return the answer that counts for a settled case: the adjudicator's, else the reviewers'."""
    return item.model.label(item.label if item.adjudicated is None else item.adjudicated)


def _settled(model: MonitoredModel, *, by: Membership) -> Any:
    """Return closed cases with an answer, without probes, and without those that the person has yet to judge."""
    closed = ReviewItem.objects.reviews().filter(queue__model=model, state=ReviewItem.State.CLOSED)
    closed = closed.exclude(prediction__in=sight.awaited_from(by.user, model).values("item__prediction"))
    return closed.filter(Q(label__isnull=False) | Q(adjudicated__isnull=False)).select_related(
        "prediction", "queue__model"
    )


def _judged_blind_now(model: MonitoredModel, predictions: list[Prediction], *, by: Membership) -> set[int]:
    """Return those of the predictions that somebody, or this person for a probe, has yet to judge blind."""
    unsettled = ReviewItem.objects.reviews().filter(is_blind=True).exclude(state=ReviewItem.State.CLOSED)
    awaited = sight.awaited_from(by.user, model).filter(item__prediction__in=predictions)
    return {
        *unsettled.filter(prediction__in=predictions).values_list("prediction", flat=True),
        *awaited.values_list("item__prediction", flat=True),
    }


def _seen(item: ReviewItem, hidden: Hidden) -> dict[str, Any]:
    return {name: value for name, value in item.features.items() if name not in hidden}


def _distances(here: dict[str, Any], others: list[dict[str, Any]]) -> NDArray[np.float64]:
    squares = np.zeros(len(others))
    names = sorted({name for each in [here, *others] for name in each})
    for name in names:
        squares += _feature_squares(here.get(name), [each.get(name) for each in others])
    return np.asarray(np.sqrt(squares / max(len(names), 1)))


def _feature_squares(here: Any, values: list[Any]) -> NDArray[np.float64]:
    """Return squared distances in one feature: 0 if missing in both, 1 if missing in one."""
    if not all(is_number(value) for value in [here, *values] if value is not None):
        return np.array([float(value != here) for value in values])
    numbers = np.array([np.nan if value is None else float(value) for value in values])
    known = numbers[~np.isnan(numbers)]
    spread = float(np.std(known)) if known.size else 0.0
    if here is None:
        return np.where(np.isnan(numbers), 0.0, 1.0)
    far = np.abs(numbers - float(here)) / spread if spread else (numbers != float(here)).astype(float)
    return np.where(np.isnan(numbers), 1.0, far**2)


def _neighbor(item: ReviewItem, other: ReviewItem, distance: float, hidden: Hidden) -> Neighbor:
    shown = [each for each in item.model.feature_list if each.name not in hidden]
    differing = [each for each in shown if item.features.get(each.name) != other.features.get(each.name)]
    differences = [
        Difference(each.label, each.meaning(item.features.get(each.name)), each.meaning(other.features.get(each.name)))
        for each in differing[:DIFFERENCES]
    ]
    prediction = other.prediction
    return Neighbor(
        prediction.external_id, prediction.predicted_at, settled_answer(other), round(distance, 2), differences
    )


def _precedent(item: ReviewItem, spoken: list[Decision]) -> Precedent:
    settling = [each.note for each in spoken if each.slot.is_adjudication and each.note]
    reasons = [reason for each in spoken for reason in each.reasons if not each.slot.is_adjudication]
    moment = item.adjudicated_at
    assert moment is not None
    return Precedent(
        item.prediction.external_id,
        settled_answer(item),
        moment,
        list(dict.fromkeys(reasons)),
        settling[-1] if settling else "",
    )
