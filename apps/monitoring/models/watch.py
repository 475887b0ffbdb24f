"""Events in the data or the figures of a model, and the slices in which it is weak."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from apps.accounts.models import User
from apps.monitoring.querysets import DataEventQuerySet
from apps.registry.models import MonitoredModel


class Watched(models.Model):
    """Which counts of a model have been judged. Its row lock admits one judge at a time."""

    model = models.OneToOneField(MonitoredModel, models.CASCADE, related_name="watched")
    revision = models.BigIntegerField(default=-1)
    # No sooner than this: judging takes at most 5 % of the time.
    next_at = models.DateTimeField(db_default=Now())
    # The end of the days that were judged
    end = models.DateField(null=True)

    def __str__(self) -> str:
        return f"{self.model} judged up to {self.end}"


class DataEvent(models.Model):
    """Days that are not like the weeks before. Judging again updates the event that it overlaps."""

    class Kind(models.TextChoices):
        INPUT = "input", "What came in"
        RIGHT = "right", "Share of right decisions"

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="data_events")
    kind = models.CharField(max_length=8, choices=Kind)
    # Both included; without a last day it goes on.
    first_day = models.DateField()
    last_day = models.DateField(null=True)
    # The day whose counts gave it away, and the moment at which it was judged
    found_day = models.DateField()
    found_at = models.DateTimeField(db_default=Now())
    # What moved: [{"stage", "name", "effect", "q", "moves": [{"bin", "before", "now"}], "cost"}], costliest first
    changes = models.JSONField()
    # The smallest description of what is new: {"parts": [{"stage", "name", "bins"}], "then", "now", "before"} or null
    cause = models.JSONField(null=True)
    # {"usual", "expected", "measured", "known_share", "cost", "money", "rows"}: estimates with their ranges
    figures = models.JSONField(default=dict)
    # The new normal, or like the weeks before again; or somebody called it normal.
    ended = models.CharField(max_length=16, blank=True)
    normal_at = models.DateTimeField(null=True)
    normal_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    objects = DataEventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day=None) | Q(last_day__gte=F("first_day")), name="an_event_ends_after_it_begins"
            )
        ]
        indexes = [models.Index(fields=["model", "-first_day"], name="data_events_by_day")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.model} since {self.first_day}"


class WeakSearch(models.Model):
    """The newest search for slices in which a model is weak."""

    model = models.OneToOneField(MonitoredModel, models.CASCADE, related_name="weak_search")
    searched_at = models.DateTimeField()
    # The last number of the record of truth that it read
    seq = models.BigIntegerField()
    n = models.BigIntegerField()
    code = models.CharField(max_length=32, blank=True)
    # [{"parts", "share", "right", "rest", "difference", "q"}], the most certain first
    slices = models.JSONField()

    def __str__(self) -> str:
        return f"weak slices of {self.model}"
