"""The desk: the case on it, its phase, and the possible answers."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from uuid import UUID

from apps.accounts.models import Membership, Role
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review import services
from apps.review.models import DataProblem, Decision, Dispute, Question, ReviewItem, Slot, Verdict
from apps.review.pages.case_answers import Opinion, opinions
from apps.review.pages.cases import CERTAINTIES, SKIP_REASONS, WHY, Due, Fact, FactGroup, due, fact_groups
from apps.review.pages.forms import CLASS, KEEP
from apps.review.pages.reveals import Reveal, reveal
from apps.review.services.answers import tomorrow, who_may_be_asked
from apps.review.services.masking import hidden_features

LAST_DIGIT = 9
OWN = "your answer"
LAST = 10
LONG = 8
# The form lists at most this many features to mark as wrong; the note takes others.
MOST_WRONG = 300

# Single keys. People may choose others for the actions; digits, arrows and Enter are fixed.
# The action as the page's script knows it, its usual key, its name, and more about it.
KEYS = (
    ("agree", "a", "agree", "where the model’s answer is shown from the start"),
    ("correct", "c", "correct or change", "to another class or number"),
    ("dispute", "d", "dispute the model", ""),
    ("cannot_tell", "t", "cannot tell yet", ""),
    ("wrong_data", "w", "data is wrong", ""),
    ("escalate", "e", "ask someone", ""),
    ("skip", "s", "skip", ""),
    ("recuse", "r", "I am involved", ""),
    ("less", ",", "less certain", ""),
    ("more", ".", "more certain", ""),
    ("note", "n", "write a note", ""),
    ("precedent", "p", "keep as a precedent", "while you settle"),
    ("guidelines", "g", "guidelines", ""),
    ("explanation", "x", "the model’s explanation", ""),
    ("filter", "/", "filter the features", ""),
    ("sheet", "?", "this sheet", ""),
)


class Phase(StrEnum):
    """What the person at the desk does next."""

    JUDGE = "judge"  # blind: first answer
    COMPARE = "compare"  # blind: after the reveal
    DECIDE = "decide"  # shown from the start
    SETTLE = "settle"  # adjudication
    AMEND = "amend"  # replaces an own answer


@dataclass(frozen=True)
class Choice:
    """An answer that gives a label; `key` selects it."""

    value: str
    label: str
    key: str = ""
    hint: str = ""
    is_chosen: bool = False


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
        for group in self.groups:
            seen: list[Fact] = [fact for fact in group.facts if not fact.is_hidden][:left]
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
        return self.judgement is not None and self.judgement.value == self.slot.item.prediction.predicted

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
        return _classes(self.model, without=self.slot.item.prediction.predicted) if asked else []

    @property
    def asks_disputed(self) -> bool:
        return self.phase == Phase.DECIDE or (self.phase == Phase.AMEND and not self.slot.is_blind)

    @property
    def given(self) -> Decision | None:
        """The decision that fills the form."""
        return self.amended or self.judgement

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
        reveal=reveal(slot.item, hidden=hidden) if slot.revealed else None,
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
    )


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
        return _classes(model), []
    if phase == Phase.SETTLE:
        return _classes(model, marked=predicted), []
    if phase == Phase.DECIDE:
        return [Choice("agree", model.label(predicted), "a", "the model’s answer")], _classes(model, without=predicted)
    own = said.value if said is not None else None
    if phase == Phase.AMEND:
        return _classes(model, marked=predicted, own=own), []
    return [Choice(KEEP, model.label(own), "Enter", OWN)], _classes(model, without=own, marked=predicted)


def _classes(
    model: MonitoredModel, *, without: float | None = None, marked: float | None = None, own: float | None = None
) -> list[Choice]:
    """Return the classes in their order; none for a regression, which takes a number."""
    positions = [position for position in range(len(model.classes)) if position != without]
    keys = {position: str(number) for number, position in enumerate(positions, 1) if number <= LAST_DIGIT}
    return [
        Choice(
            f"{CLASS}{position}",
            model.label(position),
            keys.get(position, ""),
            OWN if position == own else "the model’s answer" if position == marked else "",
            is_chosen=position == own,
        )
        for position in positions
    ]


def first_choices(model: MonitoredModel) -> list[Choice]:
    """Return the first choices of any blind case."""
    return _classes(model)


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


@dataclass(frozen=True)
class Given:
    """An answer on the strip of recent ones."""

    slot: int
    case: str
    said: str
    kind: str


def last_given(queue: ReviewQueue, *, by: Membership) -> list[Given]:
    """Return the person's answers to their last ten cases of this queue, newest first."""
    decisions = Decision.objects.filter(reviewer=by.user, slot__queue=queue).order_by("-id")
    newest: dict[int, Decision] = {}
    for decision in decisions.select_related("slot", "item__prediction")[: 3 * LAST]:
        newest.setdefault(decision.slot_id, decision)
    done = [each for each in newest.values() if each.slot.closed_at or each.slot.snoozed_until]
    return [_given(each, queue.model) for each in done[:LAST]]


def _given(decision: Decision, model: MonitoredModel) -> Given:
    case = decision.item.prediction.external_id
    if decision.value is None:
        return Given(decision.slot_id, case, Verdict(decision.verdict).label.lower(), "passed")
    disputes = decision.verdict == Verdict.DISPUTE
    said = model.label(decision.value)
    return Given(decision.slot_id, case, f"{said}, disputed" if disputes else said, "disputed" if disputes else "said")
