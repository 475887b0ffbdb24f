"""Filters of the first pages."""

from datetime import datetime

from django import template
from django.utils import timezone

from apps.common import dates
from apps.notifications.models import Alert

register = template.Library()


@register.filter
def ago(moment: datetime, now: datetime) -> str:
    """Say how long ago, in the unit that fits.

    >>> from datetime import timedelta
    >>> now = datetime(2026, 12, 1)
    >>> [ago(now - timedelta(hours=hours), now) for hours in (0.5, 1, 47, 9 * 24)]
    ['under an hour', '1 hour', '47 hours', '9 days']
    """
    hours = (now - moment).total_seconds() / 3600
    if hours < 1:
        return "under an hour"
    number, unit = (int(hours), "hour") if hours < 48 else (int(hours / 24), "day")
    return f"{number} {unit}{'' if number == 1 else 's'}"


@register.filter
def newest(moment: datetime, now: datetime) -> str:
    """Write the time of today's moments, and the day of others."""
    local, today = timezone.localtime(moment), timezone.localtime(now).date()
    return f"{local:%H:%M}" if local.date() == today else dates.short(local)


@register.filter
def without_model(alert: Alert) -> str:
    """The alert's title, where the model's name stands beside it."""
    return alert.title.removeprefix(f"{alert.model.name}: ")
