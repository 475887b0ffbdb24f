"""Follow windows: those that somebody asked for or looked at lately are made again when more is known."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from apps.registry.models import ModelVersion, MonitoredModel
from apps.reports.models import FollowedWindow, Kind, Standing
from apps.reports.services.standing import days_of
from apps.truth.services.cohorts import day_of, day_start

# Nobody who stops looking keeps the workers busy for longer.
KEPT = timedelta(days=14)
# A look is written down once in this time.
LOOK = timedelta(hours=1)
# Of these, lists of models show the figures.
LISTED = (Kind.VALUE, Kind.PERFORMANCE)


def follow(
    model: MonitoredModel,
    kind: str,
    start: date,
    end: date,
    *,
    standing: str = "",
    version: ModelVersion | None = None,
    now: datetime | None = None,
) -> None:
    """Keep a window's report current from now on: for two weeks, and chosen days until they are final as well."""
    moment = now or timezone.now()
    days = {"start": start, "end": end}
    key: dict[str, Any] = {"model": model, "kind": kind, "standing": standing}
    if not standing:
        key |= {**days, "version": version}
    kept = moment + KEPT
    if not standing:
        kept = max(kept, day_start(model, end) + model.horizon + timedelta(days=1))
    changes: dict[str, Any] = {**days, "seen_at": moment, "kept_until": kept, "quiet_until": None}
    if not FollowedWindow.objects.filter(**(key | days), seen_at__gt=moment - LOOK).exists():
        FollowedWindow.objects.update_or_create(**key, defaults=changes)


def follow_standing(models: Sequence[MonitoredModel], *, standings: Sequence[Standing], now: datetime) -> None:
    """Keep the reports of these models on standing windows current, of all kinds that lists show; in a few queries."""
    keys = {(model.pk, str(kind), str(standing)) for model in models for kind in LISTED for standing in standings}
    rows = FollowedWindow.objects.filter(model__in=models, kind__in=LISTED, standing__in=standings)
    if rows.filter(seen_at__gt=now - LOOK).count() == len(keys):
        return
    changes = {"seen_at": now, "kept_until": now + KEPT, "quiet_until": None}
    rows.filter(seen_at__lte=now - LOOK).update(**changes)
    by_key = {model.pk: model for model in models}
    missing = keys - set(rows.values_list("model", "kind", "standing"))
    new = [FollowedWindow(model=by_key[key], kind=kind, standing=name, **changes) for key, kind, name in missing]
    for window in new:
        move_on(window, now=now)
    # Somebody else may look at the same moment.
    FollowedWindow.objects.bulk_create(new, ignore_conflicts=True)


def move_on(window: FollowedWindow, *, now: datetime) -> None:
    """Move a standing window to its present days."""
    if window.standing:
        window.start, window.end = days_of(window.model, window.standing, today=day_of(window.model, now))
