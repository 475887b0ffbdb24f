"""Turn settled cases into known answers, which are later asked of other reviewers."""

from django.db import transaction
from django.db.models import OuterRef, Subquery

from apps.accounts.models import User
from apps.accounts.services import audit_log
from apps.common.errors import ConflictError
from apps.registry.models import MonitoredModel
from apps.review import services as review
from apps.review.models import GoldAnswer, ReviewItem
from apps.truth.models import Resolution

Source = Resolution.Source
# A consensus does not count: it cannot measure the reviewers who made it.
NOTES = {Source.OUTCOME: "From its outcome.", Source.ADJUDICATION: "From an adjudicator."}


def gold_from_truth(model: MonitoredModel, *, limit: int, by: User) -> int:
    """Turn up to `limit` settled cases into known answers, newest first. Returns how many.

    Cases that already have one are skipped, even if it was retired.
    """
    latest = Resolution.objects.filter(prediction=OuterRef("prediction")).order_by("-seq")
    settled = ReviewItem.objects.reviews().filter(queue__model=model, state=ReviewItem.State.CLOSED, gold_answers=None)
    certain = settled.annotate(
        source=Subquery(latest.values("source")[:1]), truth=Subquery(latest.values("truth")[:1])
    ).filter(source__in=list(NOTES))
    with transaction.atomic():
        added = sum(_add(item, by=by) for item in certain.select_related("queue").order_by("-pk")[:limit])
        if added:
            audit_log.record(model.project, "gold.made", subject=f"model {model.slug}", by=by, details={"cases": added})
    return added


def count_known_answers(model: MonitoredModel) -> int:
    """Count the known answers in use."""
    return GoldAnswer.objects.in_use().filter(queue__model=model).count()


def _add(item: ReviewItem, *, by: User) -> bool:
    try:
        review.make_gold(item, value=item.truth, by=by, note=NOTES[item.source])  # type: ignore[attr-defined]  # annotated
    except ConflictError:
        # another request added it first
        return False
    return True
