"""What a queue's rules mean: for a hundred cases, judging by its last ones, and from when a change counts."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from apps.common import numerals
from apps.registry.models import ReviewQueue
from apps.review.services import Change
from apps.review.services.expecting import CASES, Expectation, Observed, expect


def sentences(rules: Mapping[str, Any], observed: Observed) -> Iterator[tuple[str, str]]:
    """Yield each figure with its explanation."""
    expected = expect(rules, observed)
    yield _reviews(rules, observed, expected)
    if rules["is_extra_reviewer_asked"]:
        yield f"{_number(expected.extra)} more answers", f"where reviewers disagree. {_disagreement(observed)}"
    yield _second_opinions(rules, observed, expected)
    yield _probes(expected)
    yield _time(observed, expected)


def _reviews(rules: Mapping[str, Any], observed: Observed, expected: Expectation) -> tuple[str, str]:
    people = "one person judges" if rules["overlap"] == 1 else f"{rules['overlap']} people judge"
    why = f"to {CASES} cases: {people} each."
    if rules["four_eyes_amount"] is not None and rules["overlap"] == 1:
        if any(amount is not None for amount in observed.amounts):
            why += f" {_number(expected.by_amount)} of them reach the amount from which it is two."
        else:
            why += " No case has come with an amount yet, so none is judged by two for it."
    return f"{_number(expected.reviews)} answers", why


def _disagreement(observed: Observed) -> str:
    if observed.disagreement is None:
        return "How often they do is not known yet; this assumes 1 case in 10."
    return f"They did in {observed.disagreement} with several answers."


def _second_opinions(rules: Mapping[str, Any], observed: Observed, expected: Expectation) -> tuple[str, str]:
    why = "by an adjudicator, and one for each dispute. "
    if observed.agreement is None:
        why += "How often reviewers agree with the model is not known yet; this assumes 9 cases in 10."
    else:
        why += f"Reviewers agreed with the model in {observed.agreement}."
    if rules["overlap"] > 1 and not rules["is_extra_reviewer_asked"]:
        why += f" And where they disagree: {_disagreement(observed)[0].lower()}{_disagreement(observed)[1:]}"
    return f"{_number(expected.second_opinions)} second opinions", why


def _probes(expected: Expectation) -> tuple[str, str]:
    if not (expected.known or expected.repeated):
        return "No known or repeated cases", "so nothing shows how reliable reviewers are."
    return f"{_number(expected.known)} known and {_number(expected.repeated)} repeated cases", "are mixed in."


def _time(observed: Observed, expected: Expectation) -> tuple[str, str]:
    if observed.median_ms is None or not observed.people:
        return "How long it takes", "is not known yet: nobody has answered here."
    hours = expected.answers * observed.median_ms / 3_600_000 / observed.people
    each = "for the one person who answers" if observed.people == 1 else f"for each of {observed.people} people"
    return _duration(
        hours
    ), f"{each}, at {numerals.fixed(observed.median_ms / 1000, 0)} seconds an answer. Second opinions come on top."


def _duration(hours: float) -> str:
    minutes = 60 * hours
    return (
        f"About {numerals.fixed(hours, 1)} hours" if hours >= 1 else f"About {numerals.fixed(max(minutes, 1), 0)} min"
    )


def _number(expected: float) -> str:
    """Return a count in words."""
    if 0 < expected < 1:
        return "Fewer than 1"
    return numerals.count(expected) if abs(expected - round(expected)) < 1e-9 else f"About {numerals.count(expected)}"


FROM_WHEN = {
    "name": "The queue has its new name.",
    "overlap": "The new number of people applies to cases opened from now on; open cases keep theirs.",
    "is_extra_reviewer_asked": "The rule for disagreements applies to answers from now on.",
    "four_eyes_amount": "The four-eyes amount applies to cases opened from now on.",
    "adjudication_rate_agreed": "The new probability where all agree applies to answers from now on.",
    "adjudication_rate_differs": "The new probability where reviewers and model differ applies to answers from now on.",
    "adjudication_rate_disagreed": "The new probability where reviewers disagree applies to answers from now on.",
    "blind_share": "The blind share applies to predictions drawn from now on, in all queues of the model.",
    "due_hours": "The due time applies to cases opened from now on.",
    "lease_seconds": "The time-out applies to cases claimed from now on.",
    "prefetch": "Browsers keep the new number of cases ready after their next answer.",
    "dispute_reasons": "Reviewers see the new dispute reasons from their next case on.",
    "gold_rate": "Known cases are mixed in at the new rate from now on.",
    "repeat_rate": "Repeated cases are mixed in at the new rate from now on.",
    "sensitive_role": "Sensitive features are shown or hidden from the next case on.",
}


def from_when(changes: Iterable[Change]) -> list[str]:
    """Say for each change from when it counts."""
    return [_order(change.now) if change.rule == "order" else FROM_WHEN[change.rule] for change in changes]


def _order(order: str) -> str:
    handed_out = f"Waiting cases are handed out {ReviewQueue.Order(order).label} from now on."
    if order == ReviewQueue.Order.RANDOM:
        return handed_out
    return f"{handed_out} Figures of open days count only once the queue is drained."
