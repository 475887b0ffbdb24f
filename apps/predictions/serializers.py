"""The forms of pushes and answers for the API's description; pushes themselves are read by `rows`."""

from typing import Any

from rest_framework import serializers


class RejectionSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    id = serializers.CharField(allow_null=True)
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


class PredictionFormSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(max_length=400)
    predicted_at = serializers.DateTimeField()
    version = serializers.CharField(required=False)
    features = serializers.DictField()
    prediction = serializers.JSONField(help_text="A class, or a number for a regression")
    probabilities = serializers.DictField(child=serializers.FloatField(), required=False)
    score = serializers.FloatField(required=False, help_text="Binary: probability of the positive class")
    baseline = serializers.JSONField(required=False)
    attributions = serializers.DictField(child=serializers.FloatField(), required=False)
    attribution_base = serializers.FloatField(required=False)
    amount = serializers.FloatField(required=False)
    subject = serializers.CharField(required=False)
    latency_ms = serializers.FloatField(required=False)
    resources = serializers.DictField(child=serializers.FloatField(), required=False)


class PredictionsSerializer(serializers.Serializer[Any]):
    predictions = PredictionFormSerializer(many=True)


class OutcomeFormSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(max_length=400)
    outcome = serializers.JSONField(help_text="A class, or a number for a regression")
    occurred_at = serializers.DateTimeField(help_text="When it became known at its source")


class OutcomesSerializer(serializers.Serializer[Any]):
    outcomes = OutcomeFormSerializer(many=True)


class DueSerializer(serializers.Serializer[Any]):
    draw = serializers.IntegerField()
    open_items = serializers.IntegerField()
    resolve = serializers.IntegerField()


class BatchesSerializer(serializers.Serializer[Any]):
    """How far a model's pushes have gone; with nothing due, all that was sent has had its effect."""

    batches = serializers.IntegerField()
    due = DueSerializer(help_text="Batches that each stage has still to consume")
