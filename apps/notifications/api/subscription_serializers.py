"""Subscriptions in the API."""

from typing import Any

from rest_framework import serializers

from apps.common.api import StrictSerializer
from apps.common.fields import TextField
from apps.notifications.models import Cadence
from apps.notifications.services.subscribing import LONGEST_WAIT_DAYS
from apps.reports.models import Kind, Standing


class SubscriptionRequestSerializer(StrictSerializer):
    model = TextField(max_length=64, required=False, allow_null=True, default=None, help_text="Left out: all models")
    kind = serializers.ChoiceField(choices=Kind.choices, required=False, help_text="Of the report on a model")
    window = serializers.ChoiceField(choices=Standing.values, help_text="As in requests of reports")
    cadence = serializers.ChoiceField(
        choices=Cadence.choices, help_text="By the clock, or upon an event; upon events only for one model"
    )
    day = serializers.IntegerField(
        min_value=1,
        max_value=31,
        required=False,
        allow_null=True,
        default=None,
        help_text="Weekly: 1 is Monday. Monthly: a day that a month lacks is its last one",
    )
    hour = serializers.IntegerField(min_value=0, max_value=23, required=False, allow_null=True, default=None)
    time_zone = TextField(max_length=64, default="UTC", help_text="Such as Europe/Berlin")
    attach_pdf = serializers.BooleanField(default=False)
    wait_days = serializers.IntegerField(
        min_value=0, max_value=LONGEST_WAIT_DAYS, default=0, help_text="How long to wait for final figures at most"
    )


class SubscriptionSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    model = serializers.CharField(source="schedule.model.slug", default=None, allow_null=True)
    kind = serializers.CharField(source="schedule.kind", allow_blank=True)
    window = serializers.CharField(source="schedule.standing")
    cadence = serializers.CharField(source="schedule.cadence")
    day = serializers.IntegerField(source="schedule.day", allow_null=True)
    hour = serializers.IntegerField(source="schedule.hour", allow_null=True)
    time_zone = serializers.CharField(source="schedule.zone")
    attach_pdf = serializers.BooleanField(source="schedule.attaches_pdf")
    wait_days = serializers.IntegerField(source="schedule.waits_days")
    next = serializers.DateTimeField(source="schedule.next_due_at", allow_null=True, help_text="Null: upon events")


class SubscriptionsSerializer(serializers.Serializer[Any]):
    subscriptions = SubscriptionSerializer(many=True)
