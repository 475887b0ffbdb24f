"""The forms of pushes and answers for the API's description; pushes themselves are read by `rows`."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from apps.common.api import StrictSerializer
from apps.common.fields import ClassOrNumberField, TextField, WholeNumberField
from apps.predictions import replaying
from apps.predictions.models import BatchKind, RejectedState


class PushQuerySerializer(StrictSerializer):
    atomic = serializers.BooleanField(default=False, help_text="All rows or none")


class RejectionSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Where the row stood, from 0; in NDJSON, its line")
    id = serializers.CharField(allow_null=True, help_text="The row's own id, where it could be made out")
    code = serializers.CharField()
    field = serializers.CharField(allow_null=True)
    message = serializers.CharField()


class PredictionsAnswerSerializer(serializers.Serializer[Any]):
    batch = serializers.IntegerField(allow_null=True)
    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    rejected = RejectionSerializer(many=True)


class OutcomesAnswerSerializer(PredictionsAnswerSerializer):
    parked = serializers.IntegerField()


CLASS = "A class, or a number for a regression"


class PredictionFormSerializer(StrictSerializer):
    id = serializers.CharField(min_length=1, max_length=400, help_text="Unique within the model")
    predicted_at = serializers.DateTimeField(help_text="With its time zone")
    version = serializers.CharField(min_length=1, max_length=200, required=False)
    features = serializers.DictField()
    prediction = ClassOrNumberField(help_text=CLASS)
    probabilities = serializers.DictField(
        child=serializers.FloatField(min_value=0, max_value=1),
        required=False,
        allow_null=True,
        help_text="By class; they sum to 1",
    )
    score = serializers.FloatField(
        min_value=0, max_value=1, required=False, allow_null=True, help_text="Binary: probability of the positive class"
    )
    baseline = ClassOrNumberField(required=False, allow_null=True, help_text=CLASS)
    attributions = serializers.DictField(child=serializers.FloatField(), required=False, allow_null=True)
    attribution_base = serializers.FloatField(required=False, allow_null=True)
    amount = serializers.FloatField(required=False, allow_null=True, help_text="Value at stake")
    subject = serializers.CharField(
        min_length=1, max_length=400, required=False, allow_null=True, help_text="Whom it is about"
    )
    latency_ms = serializers.FloatField(min_value=0, required=False, allow_null=True)
    resources = serializers.DictField(child=serializers.FloatField(), required=False, allow_null=True)


PREDICTION = {
    "id": "application-4711",
    "predicted_at": "2026-03-02T09:30:00+01:00",
    "version": "v7",
    "features": {"income": 41200, "purpose": "car", "employed_since": None},
    "prediction": "yes",
    "score": 0.83,
    "baseline": "no",
    "amount": 12000,
}
OUTCOME = {"id": "application-4711", "outcome": "no", "occurred_at": "2026-05-11T00:00:00Z"}


@extend_schema_serializer(
    examples=[OpenApiExample("One prediction", value={"predictions": [PREDICTION]}, request_only=True)]
)
class PredictionsSerializer(StrictSerializer):
    predictions = PredictionFormSerializer(many=True)


class OutcomeFormSerializer(StrictSerializer):
    id = serializers.CharField(min_length=1, max_length=400, help_text="That of the prediction")
    outcome = ClassOrNumberField(help_text=CLASS)
    occurred_at = serializers.DateTimeField(help_text="When it became known at its source")


@extend_schema_serializer(examples=[OpenApiExample("One outcome", value={"outcomes": [OUTCOME]}, request_only=True)])
class OutcomesSerializer(StrictSerializer):
    outcomes = OutcomeFormSerializer(many=True)


class DueSerializer(serializers.Serializer[Any]):
    draw = serializers.IntegerField()
    open_items = serializers.IntegerField()
    resolve = serializers.IntegerField()
    inspect = serializers.IntegerField()


class BatchesSerializer(serializers.Serializer[Any]):
    """How far a model's pushes have gone; with nothing due, all that was sent has had its effect."""

    batches = serializers.IntegerField()
    due = DueSerializer(help_text="Batches that each stage has still to consume")


class LimitsSerializer(serializers.Serializer[Any]):
    body_bytes = serializers.IntegerField(help_text="Of rows: as they come, and as they are once decompressed")
    document_bytes = serializers.IntegerField(help_text="Of the body of every other call")
    rows_per_batch = serializers.IntegerField()
    bytes_per_row = serializers.IntegerField()
    features_per_row = serializers.IntegerField()
    requests_per_minute = serializers.IntegerField(allow_null=True, help_text="Of one key")
    rows_per_minute = serializers.IntegerField(allow_null=True, help_text="Of one key")


class QuarantineQuerySerializer(StrictSerializer):
    code = serializers.CharField(max_length=64, required=False)
    kind = serializers.ChoiceField(choices=BatchKind.choices, required=False)
    state = serializers.ChoiceField(choices=RejectedState.choices, default=RejectedState.WAITING)
    cursor = serializers.IntegerField(min_value=1, required=False, help_text="`next` of the page before")
    limit = serializers.IntegerField(min_value=1, max_value=1_000, default=100)
    format = serializers.ChoiceField(choices=["json", "ndjson"], default="json")


class RejectedRowSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="The row's number in quarantine")
    kind = serializers.ChoiceField(choices=BatchKind.choices)
    received_at = serializers.DateTimeField()
    index = serializers.IntegerField(help_text="Where it stood in its push")
    external_id = serializers.CharField(allow_null=True, help_text="The row's own id, where it could be made out")
    code = serializers.CharField()
    field = serializers.CharField(allow_null=True)
    message = serializers.CharField()
    raw = serializers.CharField(help_text="The text as it was sent")
    is_cut = serializers.BooleanField(help_text="Only the beginning was kept; such a row cannot be tried again")
    state = serializers.ChoiceField(choices=RejectedState.choices)
    tried_at = serializers.DateTimeField(allow_null=True)
    replayed_at = serializers.DateTimeField(allow_null=True)


class RejectedCountSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=BatchKind.choices)
    code = serializers.CharField()
    rows = serializers.IntegerField()


class QuarantineSerializer(serializers.Serializer[Any]):
    rows = RejectedRowSerializer(many=True)
    next = serializers.IntegerField(allow_null=True)
    counts = RejectedCountSerializer(many=True, help_text="All rows of this state, by code")
    left_out = serializers.IntegerField(help_text="Further rows of large pushes, counted and not kept")


class ReplaySerializer(StrictSerializer):
    code = TextField(max_length=64, required=False)
    kind = serializers.ChoiceField(choices=BatchKind.choices, required=False)
    ids = serializers.ListField(
        child=WholeNumberField(min_value=1, max_value=2**63 - 1), max_length=replaying.MAX_ROWS, required=False
    )


class ReplayedRejectionSerializer(RejectionSerializer):
    row = serializers.IntegerField(help_text="The row's number in quarantine")


class ReplayAnswerSerializer(serializers.Serializer[Any]):
    batch = serializers.IntegerField(allow_null=True)
    batches = serializers.ListField(child=serializers.IntegerField(), help_text="One of each kind that was stored")
    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    parked = serializers.IntegerField()
    rejected = ReplayedRejectionSerializer(many=True)
    remaining = serializers.IntegerField(help_text="Rows that this call did not get to; it takes 5,000")
