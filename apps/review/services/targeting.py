"""Send predictions to review that nobody drew: a person has chosen them, so their probability is unknown.

Their labels are kept and exported, marked as such, and no estimate counts them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef

from apps.accounts.models import User
from apps.accounts.services import audit_log
from apps.explanations.services import trials
from apps.predictions.models import BatchStage, Prediction, Stage
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.registry.services.archiving import require_active
from apps.review.models import ReviewItem
from apps.review.services.casework import open_cases

MOST = 500


@dataclass(frozen=True)
class Sent:
    """How many of the wanted predictions are in review now, and why the others are not."""

    sent: int
    in_review: int
    not_drawn_yet: int
    not_kept: int


@transaction.atomic
def send_to_review(queue: ReviewQueue, predictions: Iterable[int], *, by: User) -> Sent:
    """Open a case in this queue for each of the model's predictions with these keys, the first MOST.

    One that was drawn or sent before is left as it is. So is one whose batch still waits for its draw, which may put it
    into review by itself, and one whose features are not kept any more.
    """
    require_active(queue.model)
    # Two people may send the same case, to two queues.
    model = MonitoredModel.objects.select_for_update(no_key=True).get(pk=queue.model_id)
    wanted = Prediction.objects.filter(model=model, pk__in=list(predictions)[:MOST])
    in_review = Exists(ReviewItem.objects.reviews().filter(prediction=OuterRef("pk")))
    others = wanted.exclude(in_review).filter(draw=None)
    undrawn = BatchStage.objects.filter(batch=OuterRef("batch"), stage=Stage.DRAW, done_at=None)
    free = list(others.exclude(Exists(undrawn)).order_by("pk"))
    asked, left = wanted.count(), others.count()
    items = open_cases(model, [(each, queue) for each in free])
    trials.ask_for_contributions(each.prediction for each in items if each.attributions is None)
    if items:
        details = {"queue": queue.slug, "cases": len(items)}
        audit_log.record(model.project, "cases.sent", subject=f"model {model.slug}", by=by, details=details)
    return Sent(len(items), asked - left, left - len(free), len(free) - len(items))
