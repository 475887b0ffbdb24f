"""The record of a case: who said what in which round, as far as whoever looks may know it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from apps.accounts.models import Membership, Role
from apps.common.errors import ConflictError, ForbiddenError
from apps.predictions.models import CaseView
from apps.review.models import Comment, Decision, Dispute, Mention, ReviewItem, Slot
from apps.review.pages.cases import CERTAINTIES
from apps.review.pages.opinions import VERDICTS, wrong_in_words

# Where somebody has seen all of a case.
PLACE = "case"
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
    """How much of a case somebody may see."""

    has_part: bool
    sees_all: bool
    sees_names: bool


def sight_of(item: ReviewItem, *, by: Membership) -> Sight:
    """Adjudicators see all of a case, names once it is settled; engineers everything; reviewers their own part.

    Raises ForbiddenError for a reviewer without a finished part, and ConflictError for whoever has the case in hand
    unjudged: looking it up must not come before the judgement.
    """
    own = Slot.objects.filter(item=item, reviewer=by.user)
    if item.is_blind and own.held_by(by.user).filter(judged_at=None, is_adjudication=False).exists():
        raise ConflictError("You have this case in hand: judge it first.", code="judge_first")
    has_part = own.exclude(closed_at=None).exists()
    if not (has_part or by.reaches(Role.ADJUDICATOR)):
        raise ForbiddenError("You can look at a case once you have answered it.")
    is_settled = item.state == ReviewItem.State.CLOSED
    is_engineer = by.reaches(Role.ENGINEER)
    sees_all = is_engineer or by.reaches(Role.ADJUDICATOR)
    return Sight(has_part, sees_all, is_engineer or (sees_all and is_settled))


def note_view(item: ReviewItem, *, by: Membership) -> None:
    """Whoever has looked is not served the case blind; mentions of them are seen."""
    CaseView.objects.get_or_create(prediction_id=item.prediction_id, user=by.user, place=PLACE)
    seen = Mention.objects.filter(comment__item=item, user=by.user, seen_at=None)
    for mention in seen:
        mention.mark_seen()


def rounds(item: ReviewItem, *, by: Membership, sight: Sight) -> list[Round]:
    """Newest first; without names where they are not to be known."""
    slots = Slot.objects.filter(item=item).select_related("reviewer", "queue")
    places = dict(slots.with_place().values_list("pk", "place"))
    if not sight.sees_all:
        slots = slots.filter(reviewer=by.user)
    said: dict[int, list[Decision]] = {}
    decisions = Decision.objects.filter(item=item, slot__in=slots).select_related("guideline").order_by("id")
    for decision in decisions:
        said.setdefault(decision.slot_id, []).append(decision)
    found = list(slots.order_by("-round", "is_adjudication", "position", "id"))
    return [
        Round(number, [_part(item, slot, said.get(slot.pk, []), places, by=by, sight=sight) for slot in group])
        for number, group in groupby(found, key=lambda slot: slot.round)
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


@dataclass(frozen=True)
class DisputeLine:
    """A dispute as it is followed: who waits for whom."""

    dispute: Dispute
    case: str
    raised_by: str
    said: str
    reasons: list[str]
    note: str
    state: str
    waits_for: str

    @property
    def is_open(self) -> bool:
        return bool(self.waits_for)


def dispute_lines(disputes: Iterable[Dispute], *, by: Membership) -> list[DisputeLine]:
    return [_dispute_line(each, by=by) for each in disputes]


def _dispute_line(dispute: Dispute, *, by: Membership) -> DisputeLine:
    item, decision = dispute.item, dispute.decision
    model = item.model
    state, waits_for = _dispute_state(dispute)
    name = decision.reviewer.display_name if by.reaches(Role.ENGINEER) or not waits_for else "a reviewer"
    return DisputeLine(
        dispute=dispute,
        case=item.prediction.external_id,
        raised_by=YOU if decision.reviewer_id == by.user_id else name,
        said=model.label(decision.value),
        reasons=decision.reasons,
        note=decision.note,
        state=state,
        waits_for=waits_for,
    )


def _dispute_state(dispute: Dispute) -> tuple[str, str]:
    """What became of it, and who it waits for."""
    item = dispute.item
    if dispute.withdrawn_at:
        return "withdrawn by its reviewer", ""
    if dispute.round != item.round:
        return "the case was opened again", ""
    if item.adjudicated is None:
        return "open", "an adjudicator" if dispute.replied_at else "an adjudicator; an engineer may speak for the model"
    if item.adjudicated == item.prediction.predicted:
        return f"settled for the model: {item.model.label(item.adjudicated)}", ""
    same = item.adjudicated == dispute.decision.value
    against = f"settled against the model: {item.model.label(item.adjudicated)}"
    return (against if same else f"{against}, which is neither's answer"), ""


def comments(item: ReviewItem) -> list[Comment]:
    return list(Comment.objects.filter(item=item).select_related("author").order_by("id"))
