"""A simulated team with known error rates that works a queue through the services, as people do at the desk.

Set up Django before importing this module.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from apps.accounts.models import Membership, Role
from apps.accounts.services import members
from apps.registry.models import ReviewQueue
from apps.reports.models import Kind, Report
from apps.reports.services import making, request_report
from apps.review import services as review
from apps.review.models import Decision, Question, ReviewItem, Slot
from apps.review.services import Answer, Verdict
from apps.sampling.services import drawing as sampling
from apps.sampling.services import policies
from apps.truth.services import resolving as truth
from tests.factories import make_model, make_project, push_predictions

CASES, DAYS = 1_500, 5
START, END = date(2026, 3, 1), date(2026, 3, 1 + DAYS)
RATES = {
    "floor": 0.05,
    "policies": [{"name": "unsure", "kind": "uncertainty", "rate": 0.15, "queue": "main", "rank": 1}],
}
QUEUE: dict[str, Any] = {
    "overlap": 2,
    "is_extra_reviewer_asked": True,
    "adjudication_rate_agreed": 0.3,
    "adjudication_rate_differs": 0.5,
    "adjudication_rate_disagreed": 0.7,
    "gold_rate": 0.1,
    "repeat_rate": 0.1,
}
KNOWN = 25
ASKS, SKIPS, DISPUTES, GIVES_IN = 0.01, 0.03, 0.3, 0.2


@dataclass(frozen=True)
class SimulatedReviewer:
    """A reviewer who errs with probability `misses` where the model is wrong and `slips` where it is right."""

    member: Membership
    misses: float
    slips: float

    def answer(self, predicted: int, true: int, rng: np.random.Generator) -> int:
        errs = rng.random() < (self.slips if predicted == true else self.misses)
        return 1 - true if errs else true


@dataclass(frozen=True)
class Outcome:
    """The result of one seed: the truth, the report's intervals, and the counts from the raw labels alone."""

    truth: dict[str, float]
    report: dict[str, tuple[float, float] | None]
    counted: tuple[int, int]
    answers: int
    adjudicated: int
    probes: int
    right_on_gold: tuple[int, int]
    same_again: tuple[int, int]


class Team:
    """One seed: its own project, model and people."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = np.random.default_rng(seed)
        z = np.where(rng.random(CASES) < 0.5, 1, -1) * 1.5 + rng.normal(0, 1.2, CASES)
        self.true = (rng.random(CASES) < 1 / (1 + np.exp(-z))).astype(int)
        score = 1 / (1 + np.exp(-(1.25 * z + 0.25 + rng.normal(0, 0.6, CASES))))
        self.score = np.clip(score, 1e-4, 1 - 1e-4)
        self.predicted = (self.score >= 0.5).astype(int)
        self.seed = seed
        self.project = make_project(f"team-{seed}")
        self.model = make_model(self.project, slug="model")
        # a fixed salt, so that each run of this seed draws the same
        self.model.salt = rng.bytes(32)
        self.model.save()
        policies.put_document(self.model, RATES)
        ReviewQueue.objects.filter(model=self.model).update(**QUEUE)
        self.queue = ReviewQueue.objects.select_related("model__project").get(model=self.model)
        errors = ((0.15, 0.02), (0.25, 0.03), (0.35, 0.05), (0.2, 0.1))
        self.reviewers = [SimulatedReviewer(self.member(f"reviewer{n}"), *each) for n, each in enumerate(errors)]
        self.adjudicators = [self.member(f"adjudicator{n}", Role.ADJUDICATOR) for n in range(2)]

    def run(self) -> Outcome:
        half = CASES // 2
        self.push(range(half))
        self.work()
        self.keep_known_answers()
        self.push(range(half, CASES))
        self.work()
        truth.resolve_due()
        return self.outcome(self.report())

    def member(self, name: str, role: Role = Role.REVIEWER) -> Membership:
        return members.ensure_member(self.project.slug, email=f"{name}.{self.seed}@team.test", role=role)

    def push(self, numbers: range) -> None:
        names = ("no", "yes")
        rows = [
            {
                "id": f"case-{number}",
                "predicted_at": f"2026-03-{1 + number % DAYS:02d}T12:00:00Z",
                "version": "v1",
                "features": {"age": 20 + number % 60, "sex": 1 + number % 2},
                "prediction": names[self.predicted[number]],
                "score": float(self.score[number]),
            }
            for number in numbers
        ]
        push_predictions(self.model, rows)
        while self.model.batches.filter(stages__stage__in=("draw", "open_items"), stages__done_at=None).exists():
            sampling.draw_due()
            review.open_due_items()

    def work(self) -> None:
        """Let everyone work in turns until nobody gets a case."""
        served = 1
        while served:
            people = [self.reviewers[n] for n in self.rng.permutation(len(self.reviewers))]
            served = sum(self.review(person) for person in people)
            self.answer_questions()
            served += sum(self.adjudicate(member) for member in self.adjudicators)

    def review(self, person: SimulatedReviewer) -> bool:
        slots = review.claim_slots(self.queue, by=person.member)
        for slot in slots:
            self.decide(slot, person)
        return bool(slots)

    def decide(self, slot: Slot, person: SimulatedReviewer) -> None:
        number = self.number(slot.item)
        predicted, true = int(self.predicted[number]), int(self.true[number])
        chance = self.rng.random()
        if chance < SKIPS:
            self.decide_as(slot, person.member, Verdict.SKIP)
        elif chance < SKIPS + ASKS and not slot.questions.exists():
            self.decide_as(slot, person.member, Verdict.ESCALATE, note="What does this code mean?")
        else:
            answer = person.answer(predicted, true, self.rng)
            name = self.model.classes[answer]
            review.judge(slot, by=person.member, lease_token=slot.lease_token, value=name)
            self.after_reveal(slot, person, answer=answer, predicted=predicted)

    def after_reveal(self, slot: Slot, person: SimulatedReviewer, *, answer: int, predicted: int) -> None:
        if answer == predicted or self.rng.random() < GIVES_IN:
            self.decide_as(slot, person.member, Verdict.AGREE)
        elif self.rng.random() < DISPUTES:
            self.decide_as(slot, person.member, Verdict.DISPUTE, note="The rule says otherwise.")
        else:
            self.decide_as(slot, person.member, Verdict.CORRECT, value=self.model.classes[answer])

    def adjudicate(self, member: Membership) -> bool:
        slots = review.claim_slots(self.queue, by=member, only=review.Only.ADJUDICATION)
        for slot in slots:
            number = self.number(slot.item)
            true = int(self.true[number])
            agrees = true == self.predicted[number]
            correction = {} if agrees else {"value": self.model.classes[true]}
            self.decide_as(slot, member, Verdict.AGREE if agrees else Verdict.CORRECT, **correction)
        return bool(slots)

    def answer_questions(self) -> None:
        for question in Question.objects.in_project(self.project).open():
            review.answer_question(question, by=self.adjudicators[0], text="It means none.")

    def decide_as(self, slot: Slot, member: Membership, verdict: Verdict, **fields: Any) -> Decision:
        assert slot.lease_token is not None
        return review.decide(slot, by=member, lease_token=slot.lease_token, answer=Answer(verdict=verdict, **fields))

    def number(self, item: ReviewItem) -> int:
        return int(item.prediction.external_id.removeprefix("case-"))

    def keep_known_answers(self) -> None:
        """Turn some settled cases into known answers with their true value."""
        settled = ReviewItem.objects.reviews().filter(queue=self.queue, state=ReviewItem.State.CLOSED)
        for item in settled.select_related("queue", "prediction").order_by("pk")[:KNOWN]:
            review.make_gold(item, value=float(self.true[self.number(item)]), by=None)

    def report(self) -> Report:
        job = request_report(self.model, Kind.PERFORMANCE, START, END)
        return making.make_report(job, tell=lambda _step, _share: None)

    def outcome(self, report: Report) -> Outcome:
        hits = self.predicted == self.true
        both = int((self.predicted & self.true).sum())
        figures = report.document["sections"]["all"]
        drawn = ReviewItem.objects.reviews().filter(queue=self.queue)
        labeled = list(drawn.exclude(label=None).values_list("label", "prediction__predicted"))
        gold = list(self.answers_to(ReviewItem.Purpose.GOLD, "slot__item__gold__value"))
        again = list(self.answers_to(ReviewItem.Purpose.REPEAT, "slot__item__repeats__decisions__value"))
        return Outcome(
            truth={
                "accuracy": float(hits.mean()),
                "precision": both / int(self.predicted.sum()),
                "recall": both / int(self.true.sum()),
            },
            report={name: _interval(figures[name]) for name in ("accuracy", "precision", "recall")},
            counted=(sum(label == predicted for label, predicted in labeled), len(labeled)),
            answers=Slot.objects.in_queue(self.queue).filter(outcome=Slot.Outcome.ANSWERED).count(),
            adjudicated=drawn.exclude(adjudicated=None).count(),
            probes=ReviewItem.objects.probes().filter(queue=self.queue).count(),
            right_on_gold=(sum(one == other for one, other in gold), len(gold)),
            same_again=(sum(one == other for one, other in again), len(again)),
        )

    def answers_to(self, purpose: str, compared: str) -> Iterator[tuple[float, float]]:
        """Yield the first answers to probes, each with the value to compare it with."""
        answers = Decision.objects.filter(slot__queue=self.queue, is_judgement=True, slot__item__purpose=purpose)
        if purpose == ReviewItem.Purpose.REPEAT:
            answers = answers.filter(slot__item__repeats__decisions__is_judgement=True)
        yield from answers.values_list("value", compared)


def _interval(figure: dict[str, Any]) -> tuple[float, float] | None:
    return None if figure["value"] is None else (figure["low"], figure["high"])
