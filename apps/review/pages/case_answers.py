"""The answers to a case in words: for its own page, as far as the reader may see them, and for its adjudicator."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from apps.accounts.models import Membership, Role
from apps.common.errors import ConflictError, ForbiddenError
from apps.predictions.services import sightings
from apps.registry.models import MonitoredModel
from apps.review.models import Comment, DataProblem, Decision, Mention, ReviewItem, Slot, Verdict
from apps.review.pages.cases import CERTAINTIES

YOU = "you"


@dataclass(frozen=True)
class Said:
    """One decision in words."""

    what: str
    certainty: str
    reasons: list[str]
    wrong: list[str]
    note: str
    at: datetime
    seconds: float | None
    guideline: int | None


@dataclass(frozen=True)
class Part:
    """What one person did with a case in one round."""

    slot: int
    who: str
    is_adjudication: bool
    state: str
    said: list[Said]


@dataclass(frozen=True)
class Round:
    number: int
    parts: list[Part]


@dataclass(frozen=True)
class Sight:
    """How much of a case a person may see."""

    has_part: bool
    sees_all: bool
    sees_names: bool


def sight_of(item: ReviewItem, *, by: Membership) -> Sight:
    """Adjudicators see all of a case, and names once it is settled; engineers see everything; reviewers their own part.

    Raises ForbiddenError for a reviewer without a finished part, and ConflictError for a person who holds the case
    unjudged: nobody may look it up before judging it.
    """
    own = Slot.objects.filter(item=item, reviewer=by.user)
    if item.is_blind and own.held_by(by.user).filter(judged_at=None, is_adjudication=False).exists():
        raise ConflictError("You hold this case: judge it first.", code="judge_first")
    has_part = own.exclude(closed_at=None).exists()
    if not (has_part or by.reaches(Role.ADJUDICATOR)):
        raise ForbiddenError("You can look at a case once you have answered it.")
    is_settled = item.state == ReviewItem.State.CLOSED
    is_engineer = by.reaches(Role.ENGINEER)
    sees_all = is_engineer or by.reaches(Role.ADJUDICATOR)
    return Sight(has_part, sees_all, is_engineer or (sees_all and is_settled))


def note_view(item: ReviewItem, *, by: Membership) -> None:
    """Record that the person has seen the case, so it is never served to them blind, and mark their mentions seen."""
    sightings.note([item.prediction_id], by.user, sightings.Place.CASE)
    seen = Mention.objects.filter(comment__item=item, user=by.user, seen_at=None)
    for mention in seen:
        mention.mark_seen()


def rounds(item: ReviewItem, *, by: Membership, sight: Sight) -> list[Round]:
    """Return the rounds of a case, newest first; names are left out unless the person may see them."""
    slots = Slot.objects.filter(item=item).select_related("reviewer", "queue")
    places = dict(slots.with_place().values_list("pk", "place"))
    if not sight.sees_all:
        slots = slots.filter(reviewer=by.user)
    said: dict[int, list[Decision]] = {}
    decisions = Decision.objects.filter(item=item, slot__in=slots).select_related("guideline").order_by("id")
    for decision in decisions:
        said.setdefault(decision.slot_id, []).append(decision)
    ordered = list(slots.order_by("-round", "is_adjudication", "position", "id"))
    return [
        Round(number, [_part(item, slot, said.get(slot.pk, []), places, by=by, sight=sight) for slot in group])
        for number, group in groupby(ordered, key=lambda slot: slot.round)
    ]


def _part(
    item: ReviewItem, slot: Slot, said: list[Decision], places: dict[int, str], *, by: Membership, sight: Sight
) -> Part:
    who = "nobody yet"
    if slot.reviewer is not None:
        role = "Adjudicator" if slot.is_adjudication else "Reviewer"
        who = slot.reviewer.display_name if sight.sees_names else f"{role} {slot.position + 1}"
        who = YOU if slot.reviewer_id == by.user_id else who
    ended = {Slot.Outcome.ANSWERED: "answered", Slot.Outcome.PASSED: "passed on"}
    state = ended[Slot.Outcome(slot.outcome)] if slot.outcome else Slot.Place(places[slot.pk]).label
    return Part(slot.pk, who, slot.is_adjudication, str(state), [_said(item, each) for each in said])


def _said(item: ReviewItem, decision: Decision) -> Said:
    certainties: dict[int | None, str] = dict(CERTAINTIES)
    verdict = VERDICTS.get(decision.verdict, "")
    label = item.model.label(decision.value) if decision.value is not None else ""
    first = "first answer" if decision.is_judgement else ""
    return Said(
        what="; ".join(filter(None, (label, verdict or first))),
        certainty=certainties.get(decision.certainty, ""),
        reasons=decision.reasons,
        wrong=wrong_in_words(item.model, decision),
        note=decision.note,
        at=decision.decided_at,
        seconds=None if decision.active_ms is None else decision.active_ms / 1_000,
        guideline=decision.guideline.version if decision.guideline else None,
    )


def comments(item: ReviewItem) -> list[Comment]:
    return list(Comment.objects.filter(item=item).select_related("author").order_by("id"))


@dataclass(frozen=True)
class Opinion:
    """One reviewer's answers, without a name."""

    # The answer that counts, if any: the first if blind, else the latest.
    answer: str
    is_blind: bool
    certainty: str
    # How it changed after the reveal, or when its reviewer went back to it.
    change: str
    verdict: str
    reasons: list[str]
    wrong: list[str]
    notes: list[str]


VERDICTS: dict[str, str] = {
    Verdict.DISPUTE: "disputes the model",
    Verdict.CANNOT_TELL: "could not tell yet",
    Verdict.WRONG_DATA: "says the data is wrong",
    Verdict.ESCALATE: "asks somebody to decide",
    Verdict.RECUSE: "should not judge this",
    Verdict.SKIP: "skipped it",
}


def opinions(slot: Slot) -> list[Opinion]:
    """Return the reviewers' answers in the order of their slots."""
    said = groupby(slot.answers_to_settle, key=lambda decision: decision.slot_id)
    return [_opinion(slot.item.model, list(decisions)) for _, decisions in said]


def _opinion(model: MonitoredModel, said: list[Decision]) -> Opinion:
    last, answers = said[-1], [decision for decision in said if decision.value is not None]
    is_blind = any(decision.is_judgement for decision in said)
    counted = (answers[0] if is_blind else answers[-1]) if answers else None
    certainties: dict[Any, str] = dict(CERTAINTIES)
    return Opinion(
        answer=model.label(counted.value) if counted else "",
        is_blind=is_blind,
        certainty=next((certainties[each.certainty] for each in [counted, *answers] if each and each.certainty), ""),
        change=_change(model, answers, is_blind=is_blind),
        verdict=VERDICTS.get(last.verdict, ""),
        reasons=last.reasons,
        wrong=wrong_in_words(model, last),
        notes=list(dict.fromkeys(decision.note for decision in said if decision.note)),
    )


def _change(model: MonitoredModel, answers: list[Decision], *, is_blind: bool) -> str:
    if len(answers) < 2:
        return ""
    first, last = answers[0].value, answers[-1].value
    if is_blind:
        return "Kept after the model’s answer" if first == last else f"After the model’s answer: {model.label(last)}"
    return "" if first == last else f"Said before: {model.label(first)}"


def wrong_in_words(model: MonitoredModel, decision: Decision) -> list[str]:
    """Return the marked features, each with its problem."""
    labels = {feature.name: feature.label for feature in model.feature_list}
    return [
        f"{labels.get(each['feature'], each['feature'])}: {DataProblem(each['problem']).label}"
        for each in decision.wrong_features
    ]
