"""Settled cases become known answers: what is certain of them is asked again, of somebody else."""

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
# Reviewers' own majority is no measure of reviewers.
NOTES = {Source.OUTCOME: "By its outcome.", Source.ADJUDICATION: "By an adjudicator."}


def gold_from_truth(model: MonitoredModel, *, limit: int, by: User) -> int:
    """Make gold of up to `limit` settled cases, newest first, whatever was answered to them; how many it became.

    What has been gold before stays as it is, also where it was taken out of use.
    """
    latest = Resolution.objects.filter(prediction=OuterRef("prediction")).order_by("-seq")
    settled = ReviewItem.objects.reviews().filter(queue__model=model, state=ReviewItem.State.CLOSED, gold_answers=None)
    certain = settled.annotate(
        source=Subquery(latest.values("source")[:1]), truth=Subquery(latest.values("truth")[:1])
    ).filter(source__in=list(NOTES))
    with transaction.atomic():
        made = sum(_made(item, by=by) for item in certain.select_related("queue").order_by("-pk")[:limit])
        if made:
            audit_log.record(model.project, "gold.made", subject=f"model {model.slug}", by=by, details={"cases": made})
    return made


def known_answers(model: MonitoredModel) -> int:
    """How many are in use."""
    return GoldAnswer.objects.in_use().filter(queue__model=model).count()


def _made(item: ReviewItem, *, by: User) -> bool:
    try:
        review.make_gold(item, value=item.truth, by=by, note=NOTES[item.source])  # type: ignore[attr-defined]  # annotated
    except ConflictError:
        # Somebody else was first.
        return False
    return True
