"""The desk: which case lies on it, in which of its phases, and what may be answered."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from apps.accounts.models import Membership
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review import services
from apps.review.cases import CERTAINTIES, WHY, FactGroup, Opinion, Reveal, fact_groups, opinions, reveal
from apps.review.forms import CLASS, KEEP
from apps.review.models import Decision, Slot
from apps.review.services.answers import tomorrow

LAST_DIGIT = 9


class Phase(StrEnum):
    """What the person at the desk does now."""

    JUDGE = "judge"  # blind: first answer
    COMPARE = "compare"  # blind: after the reveal
    DECIDE = "decide"  # shown from the start
    SETTLE = "settle"  # adjudication


@dataclass(frozen=True)
class Choice:
    """An answer that gives a label; `key` selects it."""

    value: str
    label: str
    key: str = ""
    hint: str = ""


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
    certainties: tuple[tuple[int, str], ...] = field(default=CERTAINTIES)

    @property
    def model(self) -> MonitoredModel:
        return self.slot.item.model

    @property
    def why(self) -> str:
        """Why the case has come to an adjudicator."""
        return WHY.get(self.slot.item.adjudication_reason, "")

    @property
    def is_same(self) -> bool:
        """The first answer is the model's."""
        return self.judgement is not None and self.judgement.value == self.slot.item.prediction.predicted

    @property
    def may_withhold(self) -> bool:
        """A reveal must not turn an answer into none."""
        return self.phase != Phase.COMPARE

    @property
    def may_dispute(self) -> bool:
        return self.phase in (Phase.COMPARE, Phase.DECIDE)


def lay_out(slot: Slot) -> Desk:
    """The desk for a slot in the hands of its holder."""
    phase, judgement = phase_of(slot), slot.judgement
    direct, changes = _choices(slot, phase, judgement)
    return Desk(
        slot=slot,
        phase=phase,
        groups=fact_groups(slot.item),
        reveal=reveal(slot.item) if slot.revealed else None,
        judgement=judgement,
        opinions=opinions(slot),
        direct=direct,
        changes=changes,
        tomorrow=tomorrow(slot.item.model.zone),
    )


def phase_of(slot: Slot) -> Phase:
    if slot.is_adjudication:
        return Phase.SETTLE
    if not slot.is_blind:
        return Phase.DECIDE
    return Phase.COMPARE if slot.judged_at else Phase.JUDGE


def _choices(slot: Slot, phase: Phase, judgement: Decision | None) -> tuple[list[Choice], list[Choice]]:
    """What is chosen at once, and what only after `c`."""
    model, predicted = slot.item.model, slot.item.prediction.predicted
    if phase == Phase.JUDGE:
        return _classes(model), []
    if phase == Phase.SETTLE:
        return _classes(model, marked=predicted), []
    if phase == Phase.DECIDE:
        return [Choice("agree", model.label(predicted), "a", "the model’s answer")], _classes(model, without=predicted)
    said = judgement.value if judgement is not None else None
    return [Choice(KEEP, model.label(said), "Enter", "your answer")], _classes(model, without=said, marked=predicted)


def _classes(model: MonitoredModel, *, without: float | None = None, marked: float | None = None) -> list[Choice]:
    """The classes in their order; a regression has none and takes a number instead."""
    positions = [position for position in range(len(model.classes)) if position != without]
    keys = {position: str(number) for number, position in enumerate(positions, 1) if number <= LAST_DIGIT}
    return [
        Choice(
            f"{CLASS}{position}",
            model.label(position),
            keys.get(position, ""),
            "the model’s answer" if position == marked else "",
        )
        for position in positions
    ]


def head(queue: ReviewQueue, *, by: Membership) -> dict[str, object]:
    """What the page shows beside any case: the queue and how far it is."""
    return {"queue": queue, "model": queue.model, "tab": "reviews", "progress": services.progress(queue, by=by)}
