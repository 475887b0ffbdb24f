"""The order in which a queue serves its items: random, or by a rule."""

import math

from django.db import transaction
from django.db.models.functions import Now

from apps.common.isolation import one_by_one
from apps.predictions.models import Hold
from apps.registry.models import ReviewQueue
from apps.review.models import ReviewItem, Slot
from apps.sampling.services.randomness import permanent_number

HOUR = 3_600.0
# Without a due time, one more day of waiting counts like e times the stakes.
PATIENCE_HOURS = 24
LEAST = 1e-3
CHUNK = 2_000
# Hours since 1970, beyond every key of the rules.
AFTER_ALL = 1e9


def order_key(item: ReviewItem) -> float:
    """Return the item's place in its queue; the lowest is served first.

    Random: a hash of its own. Due: the moment of opening, since all items of a queue have the same time. Stakes:
    amount × doubt × e^(waiting time / due time); its logarithm grows at the same pace for all items, so the key
    stays fixed. Held items, for which a decision waits, come before all others, the most urgent first.
    """
    hold = held(item)
    if hold is not None:
        return hold.until.timestamp() / HOUR - AFTER_ALL
    queue, opened = item.queue, item.opened_at.timestamp() / HOUR
    if queue.order == ReviewQueue.Order.DUE:
        return opened
    if queue.order == ReviewQueue.Order.STAKES:
        patience = queue.due_hours or PATIENCE_HOURS
        return opened / patience - math.log(max(_amount(item), LEAST) * max(_doubt(item), LEAST))
    name = item.prediction.external_id
    # A probe gets a place of its own, away from the case it repeats.
    return permanent_number(bytes(item.model.salt), f"{name}\x1f{item.pk}" if item.is_probe else name, "order")


def held(item: ReviewItem) -> Hold | None:
    """Return the hold on the item's prediction while a decision waits for it."""
    hold: Hold | None = None if item.is_probe else getattr(item.prediction, "hold", None)
    return hold if hold is not None and not hold.is_answered else None


@transaction.atomic
def rekey(queue: ReviewQueue) -> int:
    """Give every open slot its place under the queue's current rule. Returns how many."""
    keyed, last = 0, 0
    slots = Slot.objects.unfinished().in_queue(queue).select_related("item__prediction__hold")
    slots = slots.select_for_update(of=("self",))
    while chunk := list(slots.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        for slot in chunk:
            slot.item.queue = queue
            slot.order_key = order_key(slot.item)
        Slot.objects.bulk_update(chunk, ["order_key"])
        if queue.order != ReviewQueue.Order.RANDOM:
            # For good: what a rule leaves of a queue is not a random part of it.
            items = ReviewItem.objects.filter(pk__in={slot.item_id for slot in chunk})
            items.filter(order=ReviewQueue.Order.RANDOM).update(ordered_at=Now())
            items.update(order=queue.order)
        keyed, last = keyed + len(chunk), chunk[-1].pk
    ReviewQueue.objects.filter(pk=queue.pk).update(kept_order=queue.order)
    return keyed


def rekey_due() -> None:
    """Bring open work into the current order of its queue."""
    one_by_one(ReviewQueue.objects.to_be_ordered().select_related("model"), rekey, name="rekey")


def _amount(item: ReviewItem) -> float:
    return float(item.prediction.amount) if item.prediction.amount is not None else 1.0


def _doubt(item: ReviewItem) -> float:
    """Return the model's own probability of being wrong; 1 if it gave none."""
    if item.probabilities:
        return 1 - max(float(p) for p in item.probabilities.values())
    score = item.prediction.score
    return 1.0 if score is None or item.model.is_regression else min(score, 1 - score)
