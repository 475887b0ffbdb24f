"""A person's own answers: the strip of the last ones at the desk, and the list of all their work."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from apps.accounts.models import Membership
from apps.common import dates
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review.models import Decision, Question, Slot, Verdict
from apps.review.pages.keys import NAMED
from apps.review.services import OwnWork

LAST = 10
COLUMNS = ("case", "model", "queue", "said", "note", "at", "state")


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
    is_disputed = decision.verdict == Verdict.DISPUTE
    kind = "passed" if decision.value is None else "disputed" if is_disputed else "said"
    return Given(decision.slot_id, decision.item.prediction.external_id, said_in(decision, model), kind)


def said_in(decision: Decision, model: MonitoredModel) -> str:
    """Return what a decision says, in a few words."""
    if decision.value is None:
        return NAMED[decision.verdict]
    said = model.label(decision.value)
    return f"{said}, disputed" if decision.verdict == Verdict.DISPUTE else said


@dataclass(frozen=True)
class OwnCase:
    """One of a person's own cases: their latest answer to it, and what has become of it as far as they may know."""

    slot: Slot
    case: str
    model: str
    queue: str
    said: str
    note: str
    at: datetime
    state: str

    @property
    def is_answered(self) -> bool:
        return bool(self.slot.outcome) and self.slot.outcome != Slot.Outcome.PASSED


def own_cases(slots: Iterable[Slot], kind: OwnWork, *, by: Membership) -> Iterator[OwnCase]:
    """Describe these cases, in their order."""
    slots = list(slots)
    decisions = Decision.objects.filter(slot__in=slots, reviewer=by.user).order_by("id")
    newest = {decision.slot_id: decision for decision in decisions}
    questions = Question.objects.filter(slot__in=slots, asked_by=by.user).order_by("id")
    asked = {question.slot_id: question for question in questions}
    for slot in slots:
        decision = newest.get(slot.pk)
        model = slot.queue.model
        yield OwnCase(
            slot=slot,
            case=slot.item.prediction.external_id,
            model=model.name,
            queue=slot.queue.name,
            said=said_in(decision, model) if decision else "",
            note=decision.note if decision else "",
            at=decision.decided_at if decision else slot.opened_at,
            state=_state(slot, kind, asked.get(slot.pk)),
        )


def _state(slot: Slot, kind: OwnWork, question: Question | None) -> str:
    if kind == OwnWork.ASKED and question is not None:
        return f"Answered: {question.answer}" if question.answered_at else "Not answered yet"
    if slot.closed_at is None and slot.snoozed_until:
        return f"Comes back {dates.moment(slot.snoozed_until.astimezone(slot.queue.model.zone))}"
    if slot.outcome == Slot.Outcome.PASSED:
        return "Passed on"
    return "" if slot.outcome else "With you"


def csv_rows(slots: Iterable[Slot], kind: OwnWork, *, by: Membership) -> Iterator[list[object]]:
    """Yield the cases for a file, in the order of `COLUMNS`."""
    for each in own_cases(slots, kind, by=by):
        yield [each.case, each.model, each.queue, each.said, each.note, each.at.isoformat(), each.state]
