"""What a past moment means: the draws and the number of the record of truth that a report as of it rests on."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from apps.registry.models import MonitoredModel
from apps.sampling.models import Mark
from apps.sampling.services import moments
from apps.truth.models import Resolution
from apps.truth.services.cohorts import day_of, day_start


def mark_of(model: MonitoredModel, as_of: datetime | None) -> Mark:
    """Return the mark of a moment, now if None. The first who asks for a moment sets it for all who come later.

    A moment of an earlier day stands for the end of that day. A moment of today stands for itself; if it is past
    keeping, for the earliest moment that is kept.
    """
    if as_of is not None and (known := _known(model, as_of)) is not None:
        return known
    with transaction.atomic():
        now = moments.hold_off_draws(model)
        at = _moment(model, as_of or now, now=now)
        # A day has one end, and another request may have marked this moment first.
        named = at if as_of is None or day_of(model, as_of) < day_of(model, now) else as_of
        return _known(model, named) or Mark.objects.create(
            model=model,
            as_of=named,
            at=at,
            seq=Resolution.objects.filter(model=model).last_seq(at=at),
            undrawn_batches=moments.undrawn_batches(model, at=at),
        )


def _known(model: MonitoredModel, as_of: datetime) -> Mark | None:
    """Find a mark by the moment asked for, or by the moment it stands for, which reports name."""
    return Mark.objects.filter(Q(as_of=as_of) | Q(at=as_of), model=model).order_by("pk").first()


def _moment(model: MonitoredModel, as_of: datetime, *, now: datetime) -> datetime:
    day = day_of(model, as_of)
    if day < day_of(model, now):
        return day_start(model, day + timedelta(days=1)) - timedelta(microseconds=1)
    return min(max(as_of, now - moments.KEPT), now)
