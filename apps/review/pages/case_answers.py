"""The answers to a case in words: for its own page, as far as the reader may see them, and for its adjudicator."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from apps.accounts.models import Membership
from apps.common.errors import DomainError
from apps.registry.models import MonitoredModel
from apps.review.models import Comment, DataProblem, Decision, Mention, ReviewItem, Slot, Verdict
from apps.review.pages.cases import CERTAINTIES
from apps.review.services.masking import Hidden, hidden_features, shown_marks
from apps.review.services.sight import Sight, sight_of

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
    # Slots that nobody has taken yet.
    awaited: int


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
    found = []
    for number, group in groupby(ordered, key=lambda slot: slot.round):
        slots_of_round = list(group)
        taken = [slot for slot in slots_of_round if slot.reviewer is not None or slot.pk in said]
        parts = [_part(item, slot, said.get(slot.pk, []), places, by=by, sight=sight) for slot in taken]
        found.append(Round(number, parts, awaited=len(slots_of_round) - len(taken)))
    return found


def _part(
    item: ReviewItem, slot: Slot, said: list[Decision], places: dict[int, str], *, by: Membership, sight: Sight
) -> Part:
    who = "nobody yet"
    if slot.reviewer is not None:
        role = "Adjudicator" if slot.is_adjudication else "Reviewer"
        who = slot.reviewer.display_name if sight.sees_names else f"{role} {slot.position + 1}"
        who = YOU if slot.reviewer_id == by.user_id else who
    state = _ending(slot, sight) if slot.outcome else Slot.Place(places[slot.pk]).label
    hidden = hidden_features(item, by=by)
    return Part(slot.pk, who, slot.is_adjudication, str(state), [_said(item, each, hidden=hidden) for each in said])


def _ending(slot: Slot, sight: Sight) -> str:
    """Return how a slot ended. Reviewers are not told that an answer does not count."""
    told = {Slot.Outcome.ANSWERED: "answered", Slot.Outcome.PASSED: "passed on"}
    outcome = Slot.Outcome(slot.outcome)
    return told.get(outcome, outcome.label if sight.sees_all else "answered")


def _said(item: ReviewItem, decision: Decision, *, hidden: Hidden) -> Said:
    certainties: dict[int | None, str] = dict(CERTAINTIES)
    verdict = VERDICTS.get(decision.verdict, "")
    label = item.model.label(decision.value) if decision.value is not None else ""
    first = "first answer" if decision.is_judgement else ""
    return Said(
        what="; ".join(filter(None, (label, verdict or first))),
        certainty=certainties.get(decision.certainty, ""),
        reasons=decision.reasons,
        wrong=wrong_in_words(item.model, decision, hidden=hidden),
        note=decision.note,
        at=decision.decided_at,
        seconds=None if decision.active_ms is None else decision.active_ms / 1_000,
        guideline=decision.guideline.version if decision.guideline else None,
    )


def comments(item: ReviewItem, *, by: Membership, sight: Sight) -> list[Comment]:
    """Return the comments on a case, without those of others while the person's own answer may still change."""
    known = Comment.objects.filter(item=item).select_related("author").order_by("id")
    return list(known if sight.sees_others else known.filter(author=by.user))


def open_mentions(member: Membership) -> list[Mention]:
    """Return the comments that mention the person and that they have not read, of cases on which they see comments."""
    unread = Mention.objects.filter(user=member.user, comment__item__queue__model__project=member.project, seen_at=None)
    unread = unread.select_related("comment__author", "comment__item__prediction", "comment__item__queue__model")
    return [mention for mention in unread if _sees_others(mention.comment.item, by=member)]


def _sees_others(item: ReviewItem, *, by: Membership) -> bool:
    try:
        return sight_of(item, by=by).sees_others
    except DomainError:
        return False


@dataclass(frozen=True)
class Opinion:
    """One reviewer's answers, without a name."""

    # The answer that counts, if any: the first if blind, else the latest.
    answer: str
    is_blind: bool
    # False if its reviewer had seen the prediction of a blind case.
    counts: bool
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


def opinions(slot: Slot, *, hidden: Hidden) -> list[Opinion]:
    """Return the reviewers' answers in the order of their slots."""
    said = groupby(slot.answers_to_settle, key=lambda decision: decision.slot_id)
    return [_opinion(slot.item.model, list(decisions), hidden=hidden) for _, decisions in said]


def _opinion(model: MonitoredModel, said: list[Decision], *, hidden: Hidden) -> Opinion:
    last, answers = said[-1], [decision for decision in said if decision.value is not None]
    is_judged = any(decision.is_judgement for decision in said)
    counted = (answers[0] if is_judged else answers[-1]) if answers else None
    certainties: dict[Any, str] = dict(CERTAINTIES)
    return Opinion(
        answer=model.label(counted.value) if counted else "",
        is_blind=is_judged and last.was_blind,
        counts=last.counts,
        certainty=next((certainties[each.certainty] for each in [counted, *answers] if each and each.certainty), ""),
        change=_change(model, answers, is_judged=is_judged),
        verdict=VERDICTS.get(last.verdict, ""),
        reasons=last.reasons,
        wrong=wrong_in_words(model, last, hidden=hidden),
        notes=list(dict.fromkeys(decision.note for decision in said if decision.note)),
    )


def _change(model: MonitoredModel, answers: list[Decision], *, is_judged: bool) -> str:
    if len(answers) < 2:
        return ""
    first, last = answers[0].value, answers[-1].value
    if is_judged:
        return "Kept after the model’s answer" if first == last else f"After the model’s answer: {model.label(last)}"
    return "" if first == last else f"Said before: {model.label(first)}"


def wrong_in_words(model: MonitoredModel, decision: Decision, *, hidden: Hidden) -> list[str]:
    """Return the marked features that the person may see, each with its problem."""
    labels = {feature.name: feature.label for feature in model.feature_list}
    return [
        f"{labels.get(each['feature'], each['feature'])}: {DataProblem(each['problem']).label}"
        for each in shown_marks(decision, hidden=hidden)
    ]
