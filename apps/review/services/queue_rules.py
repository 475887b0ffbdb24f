"""Changing the rules of a queue; each change keeps the old and the new value."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.services import audit_log
from apps.common import doorbell
from apps.registry.models import ReviewQueue
from apps.registry.services import registering


@dataclass(frozen=True)
class Change:
    """A changed rule, named as its column, with its old and new value."""

    rule: str
    was: Any
    now: Any


@transaction.atomic
def change_queue(
    queue: ReviewQueue, *, by: User, document: dict[str, Any], blind_share: float | None = None
) -> list[Change]:
    """Set the queue's rules, and its model's blind share. Returns what changed.

    The model comes before the queue: everything that changes both locks them in this order.
    """
    model = queue.model
    changes = []
    if blind_share is not None and blind_share != model.blind_share:
        registering.put_model(model.project, slug=model.slug, document={"blind_share": blind_share}, by=by)
        changes.append(Change("blind_share", model.blind_share, blind_share))
    before: ReviewQueue = ReviewQueue.objects.select_for_update(no_key=True).get(pk=queue.pk)
    after = registering.put_queue(model, {**document, "name": queue.slug}, by=by)
    rules = ["name" if name == "title" else name for name in document]
    changes += [
        Change(rule, getattr(before, rule), getattr(after, rule))
        for rule in rules
        if getattr(before, rule) != getattr(after, rule)
    ]
    if changes:
        details = {change.rule: {"was": change.was, "is": change.now} for change in changes}
        audit_log.record(
            model.project, "queue.changed", subject=f"queue {model.slug}:{queue.slug}", by=by, details=details
        )
        # The worker brings open slots into a new order.
        doorbell.ring_on_commit("open_items")
    return changes
