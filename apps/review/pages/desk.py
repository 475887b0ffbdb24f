"""The desk: the case on it, its phase, and the possible answers."""

from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review import services
from apps.review.models import DataProblem, Decision, Dispute, Question, ReviewItem, Slot, Verdict
from apps.review.pages.case_answers import Opinion, opinions
from apps.review.pages.cases import CERTAINTIES, SKIP_REASONS, WHY, Due, Fact, FactGroup, due, fact_groups
from apps.review.pages.choices import OWN, Choice, classes, digit_of
from apps.review.pages.forms import KEEP
from apps.review.pages.keys import KEYS, NAMED
from apps.review.pages.numbers import apart
from apps.review.pages.own_work import last_given, said_in
from apps.review.pages.reveals import Reveal, reveal
from apps.review.services.answers import tomorrow, who_may_be_asked
from apps.review.services.masking import hidden_features
from apps.review.services.reasons import reasons

# With more answers than these, a field finds one by typing.
MANY_CLASSES = 12
LONG = 8
# The form lists at most this many features to mark as wrong; the note takes others.
MOST_WRONG = 300


class Phase(StrEnum):
    """What the person at the desk does next."""

    JUDGE = "judge"  # blind: first answer
    COMPARE = "compare"  # blind: after the reveal
    DECIDE = "decide"  # shown from the start
    SETTLE = "settle"  # adjudication
    AMEND = "amend"  # replaces an own answer


@dataclass(frozen=True)
class Desk:
    """All that the page of a case shows."""

    slot: Slot
    phase: Phase
    groups: list[FactGroup]
    # Nothing before the judgement of a blind case.
    reveal: Reveal | None
    judgement: Decision | None
    opinions: list[Opinion]
    direct: list[Choice]
    changes: list[Choice]
    tomorrow: date
    lease_token: UUID | None
    due: Due | None
    # The person's questions about the case, newest first.
    questions: list[Question]
    # For an adjudicator: the replies for the model.
    replies: list[str]
    # The decision that this answer replaces.
    amended: Decision | None = None
    # The decision without a label with which the person had left the case that they took back.
    left: Decision | None = None
    many: int = MANY_CLASSES
    certainties: tuple[tuple[int, str], ...] = field(default=CERTAINTIES)
    skip_reasons: tuple[str, ...] = field(default=SKIP_REASONS)
    problems: list[tuple[str, str]] = field(default_factory=lambda: list(DataProblem.choices))

    @property
    def model(self) -> MonitoredModel:
        return self.slot.item.model

    @property
    def is_long(self) -> bool:
        """True if the features are many enough for a filter to help."""
        return sum(len(group.facts) for group in self.groups) > LONG

    @property
    def markable(self) -> list[FactGroup]:
        """The features that may be marked wrong: those whose values are shown."""
        left, groups = MOST_WRONG, []
        marks = {each["feature"]: each["problem"] for each in self.left.wrong_features} if self.left else {}
        for group in self.groups:
            facts: list[Fact] = [fact for fact in group.facts if not fact.is_hidden][:left]
            seen = [replace(fact, problem=marks.get(fact.name, "")) for fact in facts]
            left -= len(seen)
            groups.append(FactGroup(group.name, seen))
        return [group for group in groups if group.facts]

    @property
    def is_precedent(self) -> bool:
        """The default of the precedent box: an answer that settles a dispute is one."""
        return self.slot.item.adjudication_reason == ReviewItem.AdjudicationReason.DISPUTE

    @property
    def why(self) -> str:
        """Why the case came to an adjudicator."""
        return WHY.get(self.slot.item.adjudication_reason, "")

    @property
    def is_same(self) -> bool:
        """True if the first answer agrees with the model."""
        return self._judged is not None and bool(self.model.agrees(self._judged, self.slot.item.prediction.predicted))

    @property
    def difference(self) -> str:
        """How far the first answer is from the model's number, in words."""
        return "" if self._judged is None else apart(self.model, self._judged, self.slot.item.prediction.predicted)

    @property
    def _judged(self) -> float | None:
        return None if self.judgement is None else self.judgement.value

    @property
    def may_withhold(self) -> bool:
        """After the reveal nobody may withhold an answer."""
        return self.phase not in (Phase.COMPARE, Phase.AMEND)

    @property
    def may_dispute(self) -> bool:
        return self.phase in (Phase.COMPARE, Phase.DECIDE, Phase.AMEND)

    @property
    def disputable(self) -> list[Choice]:
        """The answers a dispute may name as right, if no first answer does."""
        asked = self.phase in (Phase.DECIDE, Phase.AMEND) and not self.slot.is_blind
        own = self.amended.value if self.amended else None
        return classes(self.model, without=self.slot.item.prediction.predicted, own=own) if asked else []

    @property
    def asks_disputed(self) -> bool:
        return self.phase == Phase.DECIDE or (self.phase == Phase.AMEND and not self.slot.is_blind)

    @property
    def reopened(self) -> Decision | None:
        """The decision to which the person came back."""
        return self.amended or self.left

    @property
    def said_before(self) -> str:
        """What the person had said, in words."""
        if self.reopened is None:
            return ""
        return NAMED.get(self.reopened.verdict) or said_in(self.reopened, self.model)

    @property
    def given(self) -> Decision | None:
        """The decision that fills the form."""
        return self.reopened or self.judgement

    @property
    def has_disputed(self) -> bool:
        """True for an answer that disputes the model."""
        return self.amended is not None and self.amended.verdict == Verdict.DISPUTE

    @property
    def until(self) -> date:
        """When a case put off comes back, unless the reviewer chooses another day."""
        chosen = self.left.snoozed_until if self.left else None
        return chosen.astimezone(self.model.zone).date() if chosen else self.tomorrow

    @property
    def asked_of(self) -> int | None:
        """The person asked, if the case was left with a question to one."""
        asked = [question.asked_of_id for question in self.questions if question.decision_id == self._left_key]
        return asked[0] if asked else None

    @property
    def _left_key(self) -> int | None:
        return self.left.pk if self.left else None

    @property
    def number(self) -> str:
        """The number in the form when an answer is replaced, in all its digits."""
        said = self.amended.value if self.amended and self.model.is_regression else None
        return "" if said is None else repr(said).removesuffix(".0")


def lay_out(slot: Slot, *, by: Membership, amended: Decision | None = None) -> Desk:
    """Lay out the desk for a slot's holder, or for a person who goes back to their answer."""
    judgement, hidden = slot.judgement, hidden_features(slot.item, by=by)
    phase = Phase.AMEND if amended else phase_of(slot)
    direct, changes = _choices(slot, phase, amended or judgement)
    return Desk(
        slot=slot,
        phase=phase,
        groups=fact_groups(slot.item, hidden=hidden),
        reveal=reveal(slot.item, reasons(slot.item), hidden=hidden) if slot.revealed else None,
        judgement=judgement,
        opinions=opinions(slot, hidden=hidden),
        direct=direct,
        changes=changes,
        tomorrow=tomorrow(slot.item.model.zone),
        lease_token=services.new_token() if amended else slot.lease_token,
        due=None if amended else due(slot.item),
        questions=_questions(slot, by=by),
        replies=_replies(slot) if phase == Phase.SETTLE else [],
        amended=amended,
        left=None if amended else left_as(slot, by=by),
    )


def left_as(slot: Slot, *, by: Membership) -> Decision | None:
    """Return the decision without a label that the person takes back; None for a case that came back to them."""
    last: Decision | None = slot.decisions.filter(reviewer=by.user).order_by("-id").first()
    if last is None or last.value is not None:
        return None
    is_due = last.snoozed_until is not None and last.snoozed_until <= timezone.now()
    is_answered = last.verdict == Verdict.ESCALATE and not Question.objects.open().filter(decision=last).exists()
    return None if is_due or is_answered else last


def _replies(slot: Slot) -> list[str]:
    """Return the replies to open disputes of the case."""
    disputes = Dispute.objects.open().filter(item=slot.item).exclude(reply="")
    return list(disputes.order_by("id").values_list("reply", flat=True))


def _questions(slot: Slot, *, by: Membership) -> list[Question]:
    asked = slot.questions.filter(asked_by=by.user).select_related("asked_of", "answered_by")
    return list(asked.order_by("-id"))


def phase_of(slot: Slot) -> Phase:
    if slot.is_adjudication:
        return Phase.SETTLE
    if not slot.is_blind:
        return Phase.DECIDE
    return Phase.COMPARE if slot.judged_at else Phase.JUDGE


def _choices(slot: Slot, phase: Phase, said: Decision | None) -> tuple[list[Choice], list[Choice]]:
    """Return the choices offered directly, and those behind `c`."""
    model, predicted = slot.item.model, slot.item.prediction.predicted
    if phase == Phase.JUDGE:
        return classes(model), []
    if phase == Phase.SETTLE:
        return classes(model, marked=predicted), []
    if phase == Phase.DECIDE:
        agree = Choice("agree", model.label(predicted), digit_of(model, predicted), "the model’s answer", key="a")
        return [agree], classes(model, without=predicted)
    own = said.value if said is not None else None
    if phase == Phase.AMEND:
        is_disputed = said is not None and said.verdict == Verdict.DISPUTE
        return classes(model, marked=predicted, own=own, is_disputed=is_disputed), []
    keep = Choice(KEEP, model.label(own), digit_of(model, own), OWN, key="Enter")
    return [keep], classes(model, without=own, marked=predicted)


def head(queue: ReviewQueue, *, by: Membership) -> dict[str, object]:
    """Return what the page shows around any case: the queue, its progress, the last answers."""
    return {
        "queue": queue,
        "model": queue.model,
        "tab": "reviews",
        "progress": services.progress(queue, by=by),
        "last_given": last_given(queue, by=by),
        "guideline_version": queue.guidelines.order_by("-version").values_list("version", flat=True).first(),
        "people": people_to_ask(queue.model, by=by),
        "key_actions": KEYS,
    }


def people_to_ask(model: MonitoredModel, *, by: Membership) -> list[Membership]:
    """Return the members who may answer a question, adjudicators first."""
    members = who_may_be_asked(model, by=by).select_related("user")
    return sorted(members, key=lambda each: (not each.reaches(Role.ADJUDICATOR), each.user.display_name.lower()))
