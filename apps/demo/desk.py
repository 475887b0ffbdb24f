"""Simulated people at work: they claim, judge and decide by API, as anybody could."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from apps.demo.client import Api, RefusedError
from apps.demo.documents import POLICIES_DOCUMENT
from apps.demo.reviewing import Case, Reviewer, adjudication
from apps.demo.state import StateFile

CONFLICT = 409
# About 450 cases, two answers each; what is over of the drawn ones waits for the person at the screen.
ANSWERS_EACH = 300
REASONS: list[str] = POLICIES_DOCUMENT["queues"][0]["dispute_reasons"]

Slot = dict[str, Any]
CaseOf = Callable[[str], Case]


def review(apis: dict[str, Api], state: StateFile, *, queue: int, case_of: CaseOf) -> None:
    """The simulated reviewers answer side by side, each their share."""
    state.begin("reviews", total=ANSWERS_EACH * len(apis), unit="answers")
    with ThreadPoolExecutor(len(apis)) as people:
        done = [
            people.submit(_review, api, state, name=name, queue=queue, case_of=case_of) for name, api in apis.items()
        ]
        for future in done:
            future.result()
    state.finish("reviews")


def _review(api: Api, state: StateFile, *, name: str, queue: int, case_of: CaseOf) -> None:
    reviewer, slots = Reviewer(name), list[Slot]()
    while state.progress.answered.get(name, 0) < ANSWERS_EACH:
        slots = slots or api.post(f"queues/{queue}/claim", {"only": "review"})["slots"]
        if not slots:
            return
        body, is_label = _answer(api, slots[0], reviewer, case_of(slots[0]["item"]["id"]))
        slots = _decide(api, slots[0], body)
        if is_label:
            state.count_answer("reviews", name)
    _release(api, slots)


def _answer(api: Api, slot: Slot, reviewer: Reviewer, case: Case) -> tuple[dict[str, Any], bool]:
    """The decision, after a first answer where the case is blind; and whether it gives a label."""
    passed = reviewer.passes(case, now=datetime.now(UTC))
    if passed is not None and not slot["judged"]:
        return passed, False
    shown = slot["item"]
    if "prediction" not in shown:
        judgement = {"lease_token": slot["lease_token"]} | reviewer.judgement(case)
        shown = api.post(f"slots/{slot['slot']}/judgement", judgement)
    return reviewer.decision(case, predicted=shown["prediction"], dispute_reasons=REASONS), True


def _decide(api: Api, slot: Slot, body: dict[str, Any]) -> list[Slot]:
    """Send the decision; the slots that come next."""
    try:
        answer = api.post(f"slots/{slot['slot']}/decision", {"lease_token": slot["lease_token"]} | body)
    except RefusedError as error:
        # Settled in the meantime, or the answer to the first try was lost.
        if error.status != CONFLICT:
            raise
        return []
    following: list[Slot] = answer["next"]
    return following


def _release(api: Api, slots: list[Slot]) -> None:
    """Somebody else may have them at once."""
    for slot in slots:
        api.post(f"slots/{slot['slot']}/release", {"lease_token": slot["lease_token"]})


def adjudicate(api: Api, state: StateFile, *, queue: int, case_of: CaseOf) -> None:
    """Settle every case that waits for an adjudicator."""
    state.begin("adjudication", total=1, unit="cases")
    slots = list[Slot]()
    while slots := slots or api.post(f"queues/{queue}/claim", {"only": "adjudication"})["slots"]:
        case = case_of(slots[0]["item"]["id"])
        following = _decide(api, slots[0], adjudication(case, predicted=slots[0]["item"]["prediction"]))
        # An adjudicator may review as well, but this one leaves that to the others.
        slots = [each for each in following if each["adjudication"]]
        _release(api, [each for each in following if not each["adjudication"]])
        state.count_settled("adjudication")
    state.finish("adjudication", total=state.progress.step("adjudication").done)


def wait_until_consumed(api: Api, *, model: str, stages: tuple[str, ...], pause: float = 0.5) -> None:
    """Until what was pushed has had its effect in these stages."""
    while any(api.get(f"models/{model}/batches")["due"][stage] for stage in stages):
        time.sleep(pause)
