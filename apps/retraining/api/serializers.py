"""Query and answers of training sets and model cards."""

from typing import Any

from rest_framework import serializers

from apps.common.api import StrictSerializer
from apps.common.exports import FORMATS
from apps.retraining.services.training_set import PAGE, TEST_SHARE


class TrainingSetQuerySerializer(StrictSerializer):
    seq = serializers.IntegerField(min_value=0, required=False, help_text="As of this number; default: the newest")
    test_share = serializers.FloatField(
        min_value=0, max_value=0.5, default=TEST_SHARE, help_text="Share of subjects whose rows have the split `test`"
    )
    cursor = serializers.IntegerField(min_value=0, default=0, help_text="`next` of the previous page")
    limit = serializers.IntegerField(min_value=1, max_value=PAGE, default=PAGE, help_text="Labels per JSON page")
    format = serializers.ChoiceField(
        choices=["json", *FORMATS], default="json", help_text="JSON comes in pages, the other formats in one stream"
    )
    raw = serializers.BooleanField(
        default=False, help_text="CSV: write texts as they are, also those that a spreadsheet runs as formulas"
    )
    mark = serializers.BooleanField(
        default=False, help_text="CSV: begin with a byte order mark, by which spreadsheets know UTF-8"
    )


class TrainingRowSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    predicted_at = serializers.DateTimeField()
    version = serializers.CharField()
    label = serializers.JSONField(label="Label")  # type: ignore[assignment]  # a field named like an attribute
    source = serializers.ChoiceField(  # type: ignore[assignment]  # likewise
        choices=["outcome", "adjudication", "consensus", "rule"],
        help_text="`rule`: the outcome never came, and the model declares what that means",
    )
    prediction = serializers.JSONField()
    score = serializers.FloatField(allow_null=True)
    inclusion_probability = serializers.FloatField(
        help_text="1 for outcomes of closed days; else the chance of the case to be drawn blind"
    )
    log_share = serializers.FloatField(allow_null=True)
    weight = serializers.FloatField(help_text="1/(inclusion_probability × log_share)")
    subject = serializers.CharField(allow_null=True)
    split = serializers.ChoiceField(choices=["train", "test"], help_text="By subject, the same in every export")
    features = serializers.DictField(child=serializers.JSONField(allow_null=True))


class TrainingSetAnswerSerializer(serializers.Serializer[Any]):
    seq = serializers.IntegerField()
    rows = TrainingRowSerializer(many=True)
    next = serializers.IntegerField(allow_null=True)


class SourceSerializer(serializers.Serializer[Any]):
    report = serializers.IntegerField()
    path = serializers.CharField()


class CardSliceSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    value = serializers.CharField()


class CardFigureSerializer(serializers.Serializer[Any]):
    metric = serializers.CharField()
    slice = CardSliceSerializer(allow_null=True)
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True, help_text="Lower end of the 95 % range")
    high = serializers.FloatField(allow_null=True, help_text="Upper end of the 95 % range")
    n = serializers.IntegerField(help_text="Labels that the figure rests on")
    code = serializers.CharField(allow_null=True)
    source = SourceSerializer()  # type: ignore[assignment]  # a field named like an attribute


class ModelCardSerializer(serializers.Serializer[Any]):
    model = serializers.DictField()
    features = serializers.ListField(child=serializers.DictField())
    versions = serializers.ListField(child=serializers.DictField())
    reports = serializers.ListField(child=serializers.DictField(), help_text="The reports that the figures come from")
    performance = CardFigureSerializer(many=True)
    slices = CardFigureSerializer(many=True)
    groups = serializers.DictField(
        allow_null=True, help_text="How declared groups compare; all `compared` ranges hold at once"
    )
    calibration = CardFigureSerializer(many=True)
    baseline = CardFigureSerializer(many=True)
    value = CardFigureSerializer(many=True)
    weak_spots = serializers.ListField(child=serializers.DictField())
    drift = serializers.ListField(child=serializers.DictField())
    events = serializers.ListField(child=serializers.CharField())
    incidents = serializers.DictField()
    review = serializers.DictField()
    retraining = serializers.DictField(allow_null=True)
    limits = serializers.ListField(child=serializers.DictField(), help_text="What the report cannot say: its caveats")
    made_at = serializers.DateTimeField()
