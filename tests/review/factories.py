"""Cases in review, made through push and draw; everything is drawn."""

from typing import Any

from apps.accounts.models import Membership, Project, Role
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review import services
from apps.review.models import Decision, ReviewItem, Slot
from apps.review.services import Answer
from apps.sampling.services import policies
from tests.factories import draw_all, make_member, make_model, prediction_row, push_predictions

NO_CHECKS = {"adjudication_rate_agreed": 0.0, "adjudication_rate_differs": 0.0}
# A row of a model that predicts numbers.
NUMBER: dict[str, Any] = {"prediction": 12.5, "score": None, "probabilities": None, "baseline": None}
ATTRIBUTIONS = {"age": 0.75, "sex": -0.31}


def make_queue(project: Project | None = None, *, blind: bool = True, **changes: Any) -> ReviewQueue:
    """Return the main queue of a new model that draws everything, without random adjudication by default."""
    model = make_model(project, blind_share=1.0 if blind else 0.0)
    policies.put_document(model, {"floor": 1.0, "queues": [{"name": "main", **NO_CHECKS, **changes}]})
    return ReviewQueue.objects.select_related("model__project").get(model=model)


def make_numbers_queue(**changes: Any) -> ReviewQueue:
    """Return the main queue of a new model that predicts days."""
    rules = {"task": "regression", "classes": [], "positive_class": "", "class_labels": {}, "unit": "days"}
    model = make_model(**rules, prediction_range=[0.0, 100.0], **changes)
    policies.put_document(model, {"floor": 1.0, "queues": [{"name": "main", **NO_CHECKS}]})
    return ReviewQueue.objects.select_related("model__project").get(model=model)


def row(number: int, **changes: Any) -> dict[str, Any]:
    """Return a prediction: "yes" with 0.83 unless the number is divisible by three."""
    content = {"score": 0.8317, "probabilities": {"no": 0.1683, "yes": 0.8317}} if number % 3 else {}
    # In log-odds, where the score says 0.8317: 1.5976 = 1.1576 + 0.75 − 0.31.
    explained = {"attributions": ATTRIBUTIONS, "attribution_base": 1.1576}
    return prediction_row(number, **(content | explained | changes))


def make_items(target: ReviewQueue | MonitoredModel, n: int = 1, **changes: Any) -> list[ReviewItem]:
    """Push, draw and open `n` more cases, all predicted "yes" by default."""
    model = target.model if isinstance(target, ReviewQueue) else target
    before = ReviewItem.objects.filter(queue__model=model).count()
    numbers = range(3 * before, 3 * (before + n), 3)
    push_predictions(model, [row(number + 1, **changes) for number in numbers])
    draw_all(model)
    services.open_due_items()
    return list(ReviewItem.objects.filter(queue__model=model).order_by("prediction")[before:])


def reviewers(queue: ReviewQueue, n: int, role: Role = Role.REVIEWER) -> list[Membership]:
    return [make_member(queue.model.project, role) for _ in range(n)]


def claim(queue: ReviewQueue, member: Membership, **options: Any) -> Slot:
    """Claim exactly one slot."""
    (slot,) = services.claim_slots(queue, by=member, **options)
    return slot


def judge(slot: Slot, member: Membership, value: Any = "yes", **changes: Any) -> Decision:
    return services.judge(slot, by=member, lease_token=slot.lease_token, value=value, **changes)


def decide(slot: Slot, member: Membership, verdict: str = "agree", **changes: Any) -> Decision:
    answer = Answer(verdict=services.Verdict(verdict), **changes)
    return services.decide(slot, by=member, lease_token=slot.lease_token, answer=answer)


def answer(queue: ReviewQueue, member: Membership, value: str = "yes", **changes: Any) -> ReviewItem:
    """Claim a case, judge it if blind, and keep that answer. Returns the item afterwards."""
    slot = claim(queue, member)
    if slot.is_blind:
        judge(slot, member, value)
    said = {"verdict": "agree"} if value == "yes" else {"verdict": "correct", "value": value}
    decide(slot, member, **(said | changes))
    return ReviewItem.objects.get(pk=slot.item_id)


def with_rules(queue: ReviewQueue, **rules: Any) -> ReviewQueue:
    """Return the queue with these rules."""
    if rules:
        ReviewQueue.objects.filter(pk=queue.pk).update(**rules)
    return ReviewQueue.objects.select_related("model__project").get(pk=queue.pk)


def expire(slot: Slot) -> None:
    """Let the lease run out."""
    from datetime import timedelta

    from django.db.models.functions import Now

    Slot.objects.filter(pk=slot.pk).update(lease_expires_at=Now() - timedelta(seconds=1))
