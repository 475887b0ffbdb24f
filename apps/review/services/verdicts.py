"""Held decisions: the answer of people if they settle a case in time, else the stated default. It is given once."""

from datetime import datetime

from django.db import transaction

from apps.common.clock import database_now
from apps.common.errors import NotFoundError
from apps.common.isolation import one_by_one
from apps.predictions.models import BatchStage, Hold, Prediction, Stage
from apps.review.models import ReviewItem, Slot
from apps.review.services.order import order_key
from apps.sampling.models import Draw

Source = Hold.Source


@transaction.atomic
def verdict(prediction: Prediction) -> Hold:
    """Return the hold, answered if it can be: at the first call at which it can, for all later ones.

    People's answer counts if the case was settled by the end of the hold. The default counts from then on, and at once
    where nobody will be asked. Raises NotFoundError for a prediction that was sent without a hold.
    """
    hold = Hold.objects.select_for_update().filter(prediction=prediction).first()
    if hold is None:
        raise NotFoundError("This prediction was sent without hold_until: no decision waits for it.", code="not_held")
    if hold.is_answered:
        return hold
    now = database_now()
    item = ReviewItem.objects.reviews().filter(prediction=prediction).first()
    settled = _settled(item) if item else None
    if settled is not None and settled[1] <= hold.until:
        hold.source, hold.answer, hold.answered_at = Source.HUMAN, settled[0], now
    elif now > hold.until or (item is None and _is_passed_over(prediction)):
        hold.source, hold.answer, hold.answered_at = Source.DEFAULT, hold.default, now
    else:
        return hold
    hold.save()
    if item is not None and hold.source == Source.DEFAULT:
        _end_precedence(item, prediction)
    return hold


def end_due() -> int:
    """Answer the holds whose time is over, and return how many."""
    due = Hold.objects.filter(source="", until__lt=database_now()).select_related("prediction")
    return len(one_by_one([hold.prediction for hold in due], verdict, name="end_hold"))


def _settled(item: ReviewItem) -> tuple[float, datetime] | None:
    """Return people's answer and when it was settled; None while somebody is still asked."""
    if item.adjudicated is not None and item.adjudicated_at is not None:
        return item.adjudicated, item.adjudicated_at
    if item.state != ReviewItem.State.CLOSED or item.label is None or item.labelled_at is None:
        return None
    return item.label, item.labelled_at


def _is_passed_over(prediction: Prediction) -> bool:
    """Return whether no policy drew the prediction, so that nobody judges it."""
    undrawn = BatchStage.objects.filter(batch=prediction.batch_id, stage=Stage.DRAW, done_at=None)
    return not (undrawn.exists() or Draw.objects.filter(prediction=prediction).exists())


def _end_precedence(item: ReviewItem, prediction: Prediction) -> None:
    """Let the case wait among the others again: nobody waits for it any more."""
    item.prediction = prediction
    prediction.hold.refresh_from_db()
    Slot.objects.unfinished().filter(item=item).update(order_key=order_key(item))
