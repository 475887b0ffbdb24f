"""Simulated people at work: they claim, judge and decide through the API like any client."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from apps.demo.services.documents import POLICIES_DOCUMENT
from apps.demo.services.simulated_answers import Case, SimulatedReviewer, adjudication
from apps.demo.services.state import StateFile
from countersign import ConflictError, Queue, Slot

# About 450 cases with two answers each; the remaining drawn cases wait for the person at the screen.
ANSWERS_EACH = 300
REASONS: list[str] = POLICIES_DOCUMENT["queues"][0]["dispute_reasons"]

CaseOf = Callable[[str], Case]


def review(queues: dict[str, Queue], state: StateFile, *, case_of: CaseOf) -> None:
    """Let the simulated reviewers answer in parallel, each with their own key and up to their share."""
    state.begin("reviews", total=ANSWERS_EACH * len(queues), unit="answers")
    with ThreadPoolExecutor(len(queues)) as pool:
        futures = [pool.submit(_review, queue, state, name=name, case_of=case_of) for name, queue in queues.items()]
        for future in futures:
            future.result()
    state.finish("reviews")


def _review(queue: Queue, state: StateFile, *, name: str, case_of: CaseOf) -> None:
    reviewer, slots = SimulatedReviewer(name), list[Slot]()
    while state.progress.answered.get(name, 0) < ANSWERS_EACH:
        slots = slots or queue.claim(only="review").slots
        if not slots:
            return
        decision, is_label = _answer(queue, slots[0], reviewer, case_of(slots[0].item["id"]))
        slots = _decide(queue, slots[0], decision)
        if is_label:
            state.count_answer("reviews", name)
    _release(queue, slots)


def _answer(queue: Queue, slot: Slot, reviewer: SimulatedReviewer, case: Case) -> tuple[dict[str, Any], bool]:
    """Judge the case first if it is blind. Return the decision and whether it gives a label."""
    without_label = reviewer.passes(case, now=datetime.now(UTC))
    if without_label is not None and not slot.judged:
        return without_label, False
    revealed = queue.judge(slot, **reviewer.judgement(case)) if slot.must_be_judged else slot.item
    return reviewer.decision(case, predicted=revealed["prediction"], dispute_reasons=REASONS), True


def _decide(queue: Queue, slot: Slot, decision: dict[str, Any]) -> list[Slot]:
    """Send the decision and return the next slots."""
    try:
        return queue.decide(slot, **decision).next
    except ConflictError:
        # settled meanwhile, or the response to a first try was lost
        return []


def _release(queue: Queue, slots: list[Slot]) -> None:
    """Give the slots back for others to claim."""
    for slot in slots:
        queue.release(slot)


def adjudicate(queue: Queue, state: StateFile, *, case_of: CaseOf) -> None:
    """Settle every case that waits for an adjudicator."""
    state.begin("adjudication", total=1, unit="cases")
    slots = list[Slot]()
    while slots := slots or queue.claim(only="adjudication").slots:
        case = case_of(slots[0].item["id"])
        next_slots = _decide(queue, slots[0], adjudication(case, predicted=slots[0].item["prediction"]))
        # An adjudicator may also review; this one leaves reviews to the others.
        slots = [each for each in next_slots if each.adjudication]
        _release(queue, [each for each in next_slots if not each.adjudication])
        state.count_settled("adjudication")
    state.finish("adjudication", total=state.progress.step("adjudication").done)
