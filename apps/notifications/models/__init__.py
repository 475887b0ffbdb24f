"""What happened to a model's decisions, and how it reaches the systems that made them; and what people should know.

An event is written once and numbered. Each endpoint that wants it has a delivery of it: the row is the message, and it
stays until the endpoint has taken it. Notices and reports are for people: see `notices` and `schedules`.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.models import Project, User
from apps.common.leases import Leased
from apps.notifications.models.alerts import Alert, Looked, Pulse, Rule, RuleKind
from apps.notifications.models.notices import USUAL, How, Lookout, Notice, NoticeKind, Preference
from apps.notifications.models.schedules import EVENTS, Cadence, Edition, Letter, Schedule, Subscription
from apps.notifications.querysets import DeliveryQuerySet, EndpointQuerySet, EventQuerySet
from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel
from apps.reports.models import Report

__all__ = [
    "EVENTS",
    "USUAL",
    "Alert",
    "Cadence",
    "Delivery",
    "Edition",
    "Endpoint",
    "Event",
    "EventKind",
    "Feed",
    "Form",
    "How",
    "Letter",
    "Looked",
    "Lookout",
    "Notice",
    "NoticeKind",
    "Preference",
    "Pulse",
    "Rule",
    "RuleKind",
    "Schedule",
    "Subscription",
]


class EventKind(models.TextChoices):
    SETTLED = "review.settled", "People have settled a case, or settled it otherwise"
    UPHELD = "dispute.upheld", "An adjudicator agreed with a dispute: the model was wrong"
    REJECTED = "dispute.rejected", "An adjudicator agreed with the model"
    RESTATED = "outcome.restated", "A known outcome was corrected"
    FINAL = "report.final", "A report is final: all of its days are closed"
    FIRED = "alert.fired", "An alert fired"
    RESOLVED = "alert.resolved", "An alert is over"


class Event(models.Model):
    """Something that happened, as it is told to other systems. Its key is the same wherever and whenever it is told."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="events", db_index=False)
    # 1, 2, … within the model.
    seq = models.BigIntegerField()
    key = models.UUIDField(unique=True)
    kind = models.CharField(max_length=32, choices=EventKind)
    # What it is about: one of the three.
    prediction = models.ForeignKey(Prediction, models.DO_NOTHING, db_constraint=False, null=True, related_name="+")
    report = models.OneToOneField(Report, models.CASCADE, null=True, related_name="event")
    alert = models.ForeignKey(Alert, models.CASCADE, null=True, related_name="events")
    data = models.JSONField()
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())

    objects = EventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "seq"], name="one_event_per_number"),
            models.CheckConstraint(
                condition=Q(prediction=None, report__isnull=False, alert=None)
                | Q(prediction__isnull=False, report=None, alert=None)
                | Q(prediction=None, report=None, alert__isnull=False),
                name="an_event_is_about_one_thing",
            ),
            models.UniqueConstraint(fields=["alert", "kind"], name="one_event_per_alert_and_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Feed(models.Model):
    """How far a model's record of truth has been told. Its row lock admits one writer of events at a time."""

    model = models.OneToOneField(MonitoredModel, models.CASCADE, related_name="feed")
    # The number of the last event.
    last_seq = models.BigIntegerField(default=0)
    # All of the record is told up to this number, and beyond it up to the resolution with this number and key.
    told_seq = models.BigIntegerField(default=0)
    resolution_seq = models.BigIntegerField(default=0)
    resolution = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"feed of {self.model}"


class Form(models.TextChoices):
    EVENT = "event", "Events, as programs read them"
    SLACK = "slack", "Messages for a Slack room"


class Endpoint(models.Model):
    """An address of another system, with the kinds of events that it wants and the secret that signs them."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="endpoints")
    url = models.TextField()
    # Standard Webhooks: "whsec_" and 24 random bytes in base64.
    secret = models.CharField(max_length=80)
    kinds = ArrayField(models.CharField(max_length=32, choices=EventKind))
    # How an event is written: as the feed has it, or as a chat room shows it.
    form = models.CharField(max_length=16, choices=Form, default=Form.EVENT, db_default=Form.EVENT)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    paused_at = models.DateTimeField(null=True)
    # Failures in a row, and the moment until which nothing more is tried.
    failures = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "url"], name="one_endpoint_per_address")]

    def __str__(self) -> str:
        return self.url


class Delivery(Leased):
    """One event for one endpoint. It waits until it is delivered, or has failed too often."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="deliveries")
    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="deliveries", db_index=False)
    # The event's prediction: its events arrive in order.
    subject = models.BigIntegerField(null=True)
    next_try_at = models.DateTimeField(db_default=Now())
    delivered_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    # The last answer, or why there was none.
    status = models.PositiveSmallIntegerField(null=True)
    said = models.TextField(blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="one_delivery_per_endpoint"),
            models.CheckConstraint(condition=Q(delivered_at=None) | Q(failed_at=None), name="delivered_or_failed"),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(delivered_at=None, failed_at=None), name="deliveries_due"),
            models.Index(
                fields=["endpoint", "subject", "event"],
                condition=Q(delivered_at=None, failed_at=None),
                name="deliveries_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"
