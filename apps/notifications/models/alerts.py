"""Alerts: one row for each rule and subject while it stands, and what people did about it."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.models import User
from apps.notifications.querysets import AlertQuerySet
from apps.registry.models import MonitoredModel


class RuleKind(models.TextChoices):
    """The built-in rules: few, and on unless somebody turns them off."""

    SILENCE = "silence", "No data when there usually is some"
    INCIDENT = "incident", "Data that do not fit, or that cannot be processed"
    DRIFT = "drift", "Data not like the weeks before, at a cost"
    RIGHT = "right", "Fewer right decisions than scores and the weeks before let one expect"
    TARGET = "target", "Right decisions below their target"
    RESTATED = "restated", "A report restated by more than half its range"
    QUEUE_LATE = "queue_late", "Cases past their due time"
    DRAW_CHECK = "draw_check", "More or fewer cases drawn than the probabilities say"
    REPORT_FAILED = "report_failed", "A report that failed"


class Rule(models.Model):
    """What somebody changed about a rule of a model. Without a row, the rule is as built in."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="rules")
    kind = models.CharField(max_length=16, choices=RuleKind)
    is_on = models.BooleanField(default=True)
    # Null: as built in.
    level = models.FloatField(null=True)
    # Until then it fires as ever, and tells nobody.
    muted_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "kind"], name="one_rule_per_kind")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.model}"


class Alert(models.Model):
    """Something that a rule found. It is seen so often before it fires, and told once while it lasts."""

    class State(models.TextChoices):
        PENDING = "pending", "seen, not yet often enough"
        FIRING = "firing", "going on"
        ACKNOWLEDGED = "acknowledged", "acknowledged"
        RESOLVED = "resolved", "over"

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="alerts", db_index=False)
    kind = models.CharField(max_length=16, choices=RuleKind)
    # What it is about among those of its kind: an event, a queue; empty where there can be only one.
    subject = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=16, choices=State, default=State.PENDING)
    looks = models.PositiveIntegerField(default=0)
    value = models.FloatField()
    title = models.TextField()
    text = models.TextField(blank=True)
    # What to look at first, inside this site.
    url = models.TextField()
    first_seen_at = models.DateTimeField(db_default=Now())
    fired_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    # It fires again if it still stands then.
    acknowledged_until = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    # Somebody acknowledged it, muted its rule or called it normal.
    is_acted_on = models.BooleanField(default=False)

    objects = AlertQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "kind", "subject"],
                condition=~Q(state="resolved"),
                name="one_standing_alert_per_subject",
            ),
            models.CheckConstraint(condition=Q(state="pending") | Q(fired_at__isnull=False), name="fired_when_told"),
        ]
        indexes = [models.Index(fields=["model", "-id"], name="alerts_by_model")]

    def __str__(self) -> str:
        return self.title


class Looked(models.Model):
    """When the rules of a model were last looked at. Its row lock admits one evaluator at a time."""

    model = models.OneToOneField(MonitoredModel, models.CASCADE, related_name="looked")
    looked_at = models.DateTimeField(null=True)
    # What takes long is looked at once an hour.
    slow_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"rules of {self.model}"


class Pulse(models.Model):
    """The last sign of life of beat and a worker together: one row, written by a task that beat sends."""

    name = models.CharField(max_length=16, unique=True)
    at = models.DateTimeField(db_default=Now())
    # When people were told that there was none for too long.
    told_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"
