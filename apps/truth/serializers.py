"""The labels export on the wire."""

from rest_framework import serializers

from apps.common.api import StrictSerializer
from apps.truth.labels import PAGE


class LabelsQuerySerializer(StrictSerializer):
    seq = serializers.IntegerField(min_value=0, required=False)
    cursor = serializers.IntegerField(min_value=0, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=10 * PAGE, default=PAGE)
    format = serializers.ChoiceField(choices=["json", "ndjson"], default="json")


class LabelSerializer(serializers.Serializer[object]):
    id = serializers.CharField()
    predicted_at = serializers.DateTimeField()
    prediction = serializers.JSONField()
    label = serializers.JSONField(label="Label")  # type: ignore[assignment]  # a field named like an attribute
    source = serializers.CharField()  # type: ignore[assignment]  # a field named like an attribute
    outcome = serializers.JSONField(allow_null=True)
    reviewed = serializers.JSONField(allow_null=True)
    adjudicated = serializers.JSONField(allow_null=True)
    adjudication_probability = serializers.FloatField(allow_null=True)
    inclusion_probability = serializers.FloatField(allow_null=True)
    weight = serializers.FloatField(allow_null=True)
    resolved_at = serializers.DateTimeField()
    seq = serializers.IntegerField()


class LabelsAnswerSerializer(serializers.Serializer[object]):
    seq = serializers.IntegerField()
    labels = LabelSerializer(many=True)
    next = serializers.IntegerField(allow_null=True)
