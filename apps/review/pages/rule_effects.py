"""What a queue's rules mean: for a hundred cases, judging by its last ones, and from when a change counts."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.db.models import F

from apps.registry.models import ReviewQueue
from apps.review.models import Decision, ReviewItem, Slot
from apps.review.services import Change, settling

RECENT = 500
CASES = 100
# Assumed until the queue has answers.
ASSUMED_DISAGREEMENT = 0.1
ASSUMED_AGREEMENT = 0.9


@dataclass(frozen=True)
class Seen:
    """How many of the last cases had a property."""

    count: int
    cases: int

    @property
    def share(self) -> float:
        return self.count / self.cases

    def __str__(self) -> str:
        return f"{self.count:,} of the last {self.cases:,} cases"


@dataclass(frozen=True)
class Observed:
    """How the last cases of a queue went; None if there are none."""

    # Amounts of the last cases drawn; None where a case has no amount.
    amounts: list[float | None]
    # Share of labels that agree with the model.
    agreement: Seen | None
    # Share of cases with several first answers that differ.
    disagreement: Seen | None
    median_ms: float | None
    people: int


def observe(queue: ReviewQueue) -> Observed:
    """Look at the cases drawn last and those labeled last."""
    drawn = ReviewItem.objects.drawn().filter(queue=queue).order_by("-pk")
    amounts = drawn.values_list("prediction__amount", flat=True)[:RECENT]
    labeled = drawn.filter(label__isnull=False).values_list("pk", "label", "prediction__predicted")[:RECENT]
    labels = [(label, predicted) for _, label, predicted in labeled]
    firsts, spent, people = _answers([key for key, *_ in labeled])
    several = [list(said.values()) for said in firsts.values() if len(said) > 1]
    return Observed(
        amounts=[None if amount is None else float(amount) for amount in amounts],
        agreement=_seen([bool(queue.model.agrees(label, predicted)) for label, predicted in labels]),
        disagreement=_seen([settling.differ(queue.model, said) for said in several]),
        median_ms=median(spent) if spent else None,
        people=people,
    )


def _answers(items: list[int]) -> tuple[dict[int, dict[int, float]], list[int], int]:
    """Return the first answer by item and slot, the active time of each slot, and the number of people."""
    said = Decision.objects.answers().filter(
        item__in=items,
        slot__round=F("item__round"),
        slot__is_adjudication=False,
        slot__outcome=Slot.Outcome.ANSWERED,
    )
    firsts: dict[int, dict[int, float]] = defaultdict(dict)
    spent: dict[int, int] = defaultdict(int)
    people = set()
    # A blind judgement comes last here and so stays, as in `settling.first_answers`.
    rows = said.order_by("slot", "is_judgement", "id")
    for item, slot, value, ms, reviewer in rows.values_list("item", "slot", "value", "active_ms", "reviewer"):
        firsts[item][slot] = value
        people.add(reviewer)
        if ms is not None:
            spent[slot] += ms
    return firsts, list(spent.values()), len(people)


def _seen(cases: list[bool]) -> Seen | None:
    return Seen(sum(cases), len(cases)) if cases else None


@dataclass(frozen=True)
class Expectation:
    """What a hundred cases bring, on average."""

    reviews: float
    # Cases that two people judge for their amount alone.
    by_amount: float
    extra: float
    second_opinions: float
    known: float
    repeated: float

    @property
    def answers(self) -> float:
        """All answers of reviewers; those of adjudicators come on top."""
        return self.reviews + self.extra + self.known + self.repeated


def expect(rules: Mapping[str, Any], observed: Observed) -> Expectation:
    """Estimate what a hundred cases bring under these rules."""
    overlap = rules["overlap"]
    by_amount = _reaching(rules["four_eyes_amount"], observed.amounts) if overlap == 1 else 0.0
    disagreement = observed.disagreement.share if observed.disagreement else ASSUMED_DISAGREEMENT
    agreement = observed.agreement.share if observed.agreement else ASSUMED_AGREEMENT
    disagreed = disagreement * (by_amount if overlap == 1 else 1.0)
    extra = disagreed if rules["is_extra_reviewer_asked"] else 0.0
    # Two who disagree have no majority, so an adjudicator always settles it.
    has_majority = overlap > 2 or rules["is_extra_reviewer_asked"]
    of_disagreed = rules["adjudication_rate_disagreed"] if has_majority else 1.0
    of_agreed = agreement * rules["adjudication_rate_agreed"] + (1 - agreement) * rules["adjudication_rate_differs"]
    return Expectation(
        reviews=CASES * (overlap + by_amount),
        by_amount=CASES * by_amount,
        extra=CASES * extra,
        second_opinions=CASES * (disagreed * of_disagreed + (1 - disagreed) * of_agreed),
        known=CASES * rules["gold_rate"],
        repeated=CASES * rules["repeat_rate"],
    )


def _reaching(amount: float | None, amounts: list[float | None]) -> float:
    """Return the share of cases with at least this amount; a case without an amount does not count."""
    if amount is None or not amounts:
        return 0.0
    return sum(each is not None and each >= amount for each in amounts) / len(amounts)


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
    ), f"{each}, at {observed.median_ms / 1000:.0f} seconds an answer. Second opinions come on top."


def _duration(hours: float) -> str:
    minutes = 60 * hours
    return f"About {hours:.1f} hours" if hours >= 1 else f"About {max(minutes, 1):.0f} min"


def _number(expected: float) -> str:
    """Return a count in words."""
    if 0 < expected < 1:
        return "Fewer than 1"
    return f"{expected:,.0f}" if abs(expected - round(expected)) < 1e-9 else f"About {expected:,.0f}"


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
