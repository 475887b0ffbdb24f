"""Query and response of the labels export."""

from rest_framework import serializers

from apps.common.api import StrictSerializer
from apps.common.exports import FORMATS
from apps.truth.services.labels import PAGE


class LabelsQuerySerializer(StrictSerializer):
    seq = serializers.IntegerField(min_value=0, required=False, help_text="As of this number; default: the newest")
    cursor = serializers.IntegerField(min_value=0, default=0, help_text="`next` of the previous page")
    limit = serializers.IntegerField(min_value=1, max_value=10 * PAGE, default=PAGE, help_text="Labels per JSON page")
    format = serializers.ChoiceField(
        choices=["json", *FORMATS], default="json", help_text="JSON comes in pages, the other formats in one stream"
    )
    raw = serializers.BooleanField(
        default=False, help_text="CSV: write texts as they are, also those that a spreadsheet runs as formulas"
    )
    mark = serializers.BooleanField(
        default=False, help_text="CSV: begin with a byte order mark, by which spreadsheets know UTF-8"
    )


class LabelSerializer(serializers.Serializer[object]):
    id = serializers.CharField()
    predicted_at = serializers.DateTimeField()
    version = serializers.CharField()
    prediction = serializers.JSONField()
    label = serializers.JSONField(label="Label")  # type: ignore[assignment]  # a field named like an attribute
    source = serializers.CharField()  # type: ignore[assignment]  # a field named like an attribute
    outcome = serializers.JSONField(allow_null=True)
    reviewed = serializers.JSONField(allow_null=True)
    adjudicated = serializers.JSONField(allow_null=True)
    adjudication_probability = serializers.FloatField(allow_null=True)
    inclusion_probability = serializers.FloatField(allow_null=True)
    log_share = serializers.FloatField(
        allow_null=True, help_text="The fraction of traffic that the sender of the prediction logs; null: all of it"
    )
    weight = serializers.FloatField(allow_null=True, help_text="1/(inclusion_probability × log_share)")
    targeted = serializers.BooleanField()
    resolved_at = serializers.DateTimeField()
    seq = serializers.IntegerField()


class LabelsAnswerSerializer(serializers.Serializer[object]):
    seq = serializers.IntegerField()
    labels = LabelSerializer(many=True)
    next = serializers.IntegerField(allow_null=True)
