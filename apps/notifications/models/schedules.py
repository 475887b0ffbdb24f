"""What is sent when, to whom, and what became of it: schedules, their subscribers, their editions, and one letter each.

An edition is what a schedule sends at one moment or upon one event; it waits for its report. Each subscriber has a
letter of it: the row is the message, and it stays until the mail server has taken it.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.models import Project, User
from apps.common.leases import Leased
from apps.notifications.querysets import EditionQuerySet, LetterQuerySet, ScheduleQuerySet, SubscriptionQuerySet
from apps.registry.models import MonitoredModel
from apps.reports.models import Kind, Report, Standing


class Cadence(models.TextChoices):
    """When a report is sent: by the clock, or when something happens."""

    DAILY = "daily", "every day"
    WEEKLY = "weekly", "every week"
    MONTHLY = "monthly", "every month"
    FINAL = "final", "when a month or quarter becomes final"
    RESTATED = "restated", "when a figure is restated by more than half its range"
    TARGET = "target", "when right decisions cross their target"


EVENTS = (Cadence.FINAL, Cadence.RESTATED, Cadence.TARGET)


class Schedule(models.Model):
    """A report on a model, or on all models of a project, that is sent by itself."""

    project = models.ForeignKey(Project, models.CASCADE, db_index=False, related_name="schedules")
    # Null: all models of the project.
    model = models.ForeignKey(MonitoredModel, models.CASCADE, null=True, related_name="schedules")
    # Empty: all models of the project.
    kind = models.CharField(max_length=16, choices=Kind, blank=True)
    standing = models.CharField(max_length=16, choices=Standing)
    cadence = models.CharField(max_length=16, choices=Cadence)
    # Weekly: 1 is Monday. Monthly: a day that a month lacks is its last one. Null: daily, and upon events.
    day = models.PositiveSmallIntegerField(null=True)
    # Null: upon events.
    hour = models.PositiveSmallIntegerField(null=True)
    zone = models.CharField(max_length=64, default="UTC")
    attaches_pdf = models.BooleanField(default=False)
    # So many days at most it waits until all days of the window are final; 0: it does not wait, and says so.
    waits_days = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    # Null: upon events.
    next_due_at = models.DateTimeField(null=True)
    # Of events: the end of the last window that was final, and the last report that was looked at.
    final_end = models.DateField(null=True)
    last_report = models.BigIntegerField(default=0)

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    *("project", "model", "kind", "standing", "cadence"),
                    *("day", "hour", "zone", "attaches_pdf", "waits_days"),
                ],
                name="one_schedule_alike",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(model=None, kind="") | (Q(model__isnull=False) & ~Q(kind="")), name="of_a_model_or_of_all"
            ),
            models.CheckConstraint(
                condition=Q(hour=None, next_due_at=None, cadence__in=EVENTS)
                | (Q(hour__isnull=False, next_due_at__isnull=False) & ~Q(cadence__in=EVENTS)),
                name="by_the_clock_or_upon_events",
            ),
        ]
        indexes = [models.Index(fields=["next_due_at"], name="schedules_due")]

    def __str__(self) -> str:
        return f"{self.kind or 'all models'}, {self.cadence}"


class Subscription(models.Model):
    """A person to whom a schedule sends."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, db_index=False, related_name="subscriptions")
    user = models.ForeignKey(User, models.CASCADE, related_name="subscriptions")
    since = models.DateTimeField(db_default=Now())
    added_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    left_at = models.DateTimeField(null=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["schedule", "user"], name="one_subscription_per_person")]

    def __str__(self) -> str:
        return f"{self.user}: {self.schedule}"


class Edition(models.Model):
    """What a schedule sends at one due moment, or upon one event. It is ready once its report is."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, db_index=False, related_name="editions")
    # The due moment or the event: found twice, it is one edition.
    key = models.CharField(max_length=80)
    due_at = models.DateTimeField()
    start = models.DateField()
    end = models.DateField()
    # Due moments that passed without a worker since the edition before.
    missed = models.PositiveIntegerField(default=0)
    # Why it is sent, where something happened.
    cause = models.TextField(blank=True)
    report = models.ForeignKey(Report, models.SET_NULL, null=True, related_name="+")
    # On the window before this one, where there is any.
    before = models.ForeignKey(Report, models.SET_NULL, null=True, related_name="+")
    # When its report was first asked for, and when to look for it again.
    asked_at = models.DateTimeField(null=True)
    look_at = models.DateTimeField(db_default=Now())
    ready_at = models.DateTimeField(null=True)
    # The report that knows all did not come in time.
    is_stale = models.BooleanField(default=False)
    # Why there is nothing to send.
    failure = models.TextField(blank=True)

    objects = EditionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["schedule", "key"], name="one_edition_per_occasion")]
        indexes = [models.Index(fields=["look_at"], condition=Q(ready_at=None), name="editions_waiting")]

    def __str__(self) -> str:
        return f"{self.schedule}: {self.key}"


class Letter(Leased):
    """One edition for one subscriber. It is sent, or has failed too often, or its reader has gone."""

    edition = models.ForeignKey(Edition, models.CASCADE, db_index=False, related_name="letters")
    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="letters")
    # Null: its edition is not ready.
    next_try_at = models.DateTimeField(null=True)
    # How often somebody had it sent again: mail programs drop what they have had.
    copies = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    # Its report may still change.
    is_preliminary = models.BooleanField(default=False)
    # Why the last attempt failed.
    said = models.TextField(blank=True)

    objects = LetterQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["edition", "subscription"], name="one_letter_per_subscriber"),
            models.CheckConstraint(condition=Q(sent_at=None) | Q(failed_at=None), name="sent_or_failed"),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                condition=Q(next_try_at__isnull=False, sent_at=None, failed_at=None),
                name="letters_due",
            )
        ]

    def __str__(self) -> str:
        return f"letter {self.pk}"
