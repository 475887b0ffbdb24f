"""The query and the answer of the events of a model."""

from typing import Any

from rest_framework import serializers

from apps.common.api import StrictSerializer
from apps.notifications.models import EventKind
from apps.notifications.services.feeds import PAGE


class EventsQuerySerializer(StrictSerializer):
    after = serializers.IntegerField(
        min_value=0, default=0, help_text="`next` of the previous answer; 0: from the first"
    )
    limit = serializers.IntegerField(min_value=1, max_value=PAGE, default=100)


class EventSerializer(serializers.Serializer[Any]):
    key = serializers.UUIDField(help_text="The same wherever and however often the event is told")
    type = serializers.ChoiceField(choices=EventKind.choices)
    timestamp = serializers.DateTimeField()
    data = serializers.JSONField(help_text="`seq`, `model`, and what the kind of event has")  # type: ignore[assignment]  # a field named like an attribute


class EventsSerializer(serializers.Serializer[Any]):
    events = EventSerializer(many=True)
    next = serializers.IntegerField(help_text="Pass it as `after` to read on; the same as `after` if nothing is new")
