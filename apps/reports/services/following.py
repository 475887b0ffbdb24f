"""Follow windows: those that somebody asked for or looked at lately are made again when more is known."""

from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from apps.registry.models import ModelVersion, MonitoredModel
from apps.reports.models import FollowedWindow
from apps.reports.services.standing import days_of
from apps.truth.services.cohorts import day_of, day_start

# Nobody who stops looking keeps the workers busy for longer.
KEPT = timedelta(days=14)
# A look is written down once in this time.
LOOK = timedelta(hours=1)


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


def move_on(window: FollowedWindow, *, now: datetime) -> None:
    """Move a standing window to its present days."""
    if window.standing:
        window.start, window.end = days_of(window.model, window.standing, today=day_of(window.model, now))
