"""What a queue's cases ask of people: a hundred of them, judging by the last ones."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.db import connection
from django.db.models import F

from apps.common import numerals
from apps.registry.models import ReviewQueue
from apps.review.models import Decision, Slot
from apps.review.services import settling

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
        return f"{numerals.count(self.count)} of the last {numerals.count(self.cases)} cases"


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


@dataclass(frozen=True)
class _Answers:
    """The first answer to a case by slot, who gave them, and the active time of each slot."""

    first: dict[int, float]
    people: set[int]
    spent: list[int]


def observe(queues: Sequence[ReviewQueue], *, most: int = RECENT, is_timed: bool = True) -> dict[int, Observed]:
    """Look at each queue's cases drawn last and those labeled last, in two queries for any number of queues.

    Without `is_timed`, answers are read only where several people may judge a case.
    """
    amounts: dict[int, list[float | None]] = defaultdict(list)
    labeled: dict[int, list[tuple[int, float, float]]] = defaultdict(list)
    for queue, is_labeled, item, amount, label, predicted in _last_cases(queues, most=most):
        if is_labeled:
            labeled[queue].append((item, label, predicted))
        else:
            amounts[queue].append(None if amount is None else float(amount))
    read = [each.pk for each in queues if is_timed or each.overlap > 1 or each.four_eyes_amount is not None]
    answers = _answers(item for queue in read for item, *_ in labeled[queue])
    return {queue.pk: _observed(queue, amounts[queue.pk], labeled[queue.pk], answers) for queue in queues}


# Through the ORM this is a union of two queries for each queue, and building it takes longer than the answer.
LAST_CASES = """
SELECT queue.id, kind.is_labeled, item.id, prediction.amount, item.label, prediction.predicted
FROM unnest(%(queues)s::bigint[]) AS queue (id)
CROSS JOIN (VALUES (false), (true)) AS kind (is_labeled)
CROSS JOIN LATERAL (
    SELECT id, label, prediction_id FROM review_reviewitem
    WHERE queue_id = queue.id AND draw_id IS NOT NULL AND (NOT kind.is_labeled OR label IS NOT NULL)
    ORDER BY id DESC LIMIT %(most)s
) AS item
JOIN predictions_prediction AS prediction ON prediction.id = item.prediction_id
"""


def _last_cases(queues: Sequence[ReviewQueue], *, most: int) -> list[tuple[int, bool, int, Any, Any, float]]:
    """Read each queue's last cases drawn and, apart from them, its last cases labeled."""
    with connection.cursor() as cursor:
        cursor.execute(LAST_CASES, {"queues": [queue.pk for queue in queues], "most": most})
        return list(cursor.fetchall())


def _answers(items: Iterable[int]) -> dict[int, _Answers]:
    """Return the answers to these cases."""
    said = Decision.objects.answers().filter(
        item__in=list(items),
        slot__round=F("item__round"),
        slot__is_adjudication=False,
        slot__outcome=Slot.Outcome.ANSWERED,
    )
    found: dict[int, _Answers] = {}
    spent: dict[int, int] = defaultdict(int)
    # A blind judgement comes last here and so stays, as in `settling.first_answers`.
    rows = said.order_by("slot", "is_judgement", "id")
    for item, slot, value, ms, reviewer in rows.values_list("item", "slot", "value", "active_ms", "reviewer"):
        of_case = found.setdefault(item, _Answers({}, set(), []))
        of_case.first[slot] = value
        of_case.people.add(reviewer)
        if ms is not None:
            spent[slot] += ms
    for of_case in found.values():
        of_case.spent.extend(spent[slot] for slot in of_case.first if slot in spent)
    return found


def _observed(
    queue: ReviewQueue,
    amounts: list[float | None],
    labeled: list[tuple[int, float, float]],
    answers: Mapping[int, _Answers],
) -> Observed:
    of_cases = [answers[item] for item, *_ in labeled if item in answers]
    several = [list(each.first.values()) for each in of_cases if len(each.first) > 1]
    spent = [ms for each in of_cases for ms in each.spent]
    return Observed(
        amounts=amounts,
        agreement=_seen(bool(queue.model.agrees(label, predicted)) for _, label, predicted in labeled),
        disagreement=_seen(settling.differ(queue.model, said) for said in several),
        median_ms=median(spent) if spent else None,
        people=len(set().union(*(each.people for each in of_cases))),
    )


def _seen(cases: Iterable[bool]) -> Seen | None:
    found = list(cases)
    return Seen(sum(found), len(found)) if found else None


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
