"""Finding predictions over the API: the query, a row of the answer, and one prediction in full."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.common.api import StrictSerializer
from apps.common.exports import FORMATS
from apps.common.fields import ClassOrNumberField
from apps.explanations.models import Unusual
from apps.review.api.serializers import ReasonsSerializer
from apps.review.services.finding import PAGE

LONGEST = 400


class EitherField(serializers.BooleanField):
    """True, false, or null for any; an empty text is none of these."""

    NULL_VALUES = {"null", None}  # as the library has it

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, allow_null=True, default=None, **options)


class PredictionsQuerySerializer(StrictSerializer):
    since = serializers.DateTimeField(required=False, help_text="Predicted at this moment or later")
    until = serializers.DateTimeField(required=False, help_text="Predicted before this moment")
    version = serializers.CharField(max_length=LONGEST, required=False)
    prediction = serializers.CharField(max_length=LONGEST, required=False, help_text="The class or number predicted")
    score_from = serializers.FloatField(required=False)
    score_to = serializers.FloatField(required=False)
    differs = EitherField(help_text="From its baseline; of numbers, by more than the model’s tolerance")
    outcome = serializers.CharField(max_length=LONGEST, required=False, help_text="The class or number it became")
    truth = serializers.CharField(
        max_length=LONGEST, required=False, help_text="The outcome, or what reviewers settled on where there is none"
    )
    has_outcome = EitherField()
    drawn = EitherField()
    reviewed = EitherField()
    disputed = EitherField()
    targeted = EitherField(help_text="Sent to review by a person, not drawn")
    sure_and_wrong = EitherField(help_text="The model gave its answer at least 90 %, and the outcome is another")
    unusual = serializers.ChoiceField(
        choices=Unusual.Kind.choices, required=False, help_text="Unlike the rest in contributions, or in its values"
    )
    subject = serializers.CharField(max_length=LONGEST, required=False)
    slice = serializers.CharField(max_length=LONGEST, required=False, help_text="Name and value: `age_band:40–59`")
    where = serializers.JSONField(
        binary=True,
        required=False,
        help_text='A condition on features, as policies have it: `{"field": "features.age", "op": "lt", "value": 26}`. '
        "A page may then hold fewer rows than `limit`, though `next` says that more may follow",
    )
    cursor = serializers.IntegerField(min_value=1, required=False, help_text="`next` of the previous page")
    limit = serializers.IntegerField(min_value=1, max_value=PAGE, default=100, help_text="Rows per JSON page")
    format = serializers.ChoiceField(
        choices=["json", *FORMATS], default="json", help_text="JSON comes in pages, the other formats in one stream"
    )


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]})
class KnownField(serializers.JSONField):
    """A class or number, or null where none is known."""


class FoundSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    predicted_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    version = serializers.CharField()
    prediction = ClassOrNumberField()
    score = serializers.FloatField(allow_null=True)
    baseline = KnownField()
    amount = serializers.FloatField(allow_null=True)
    log_share = serializers.FloatField(
        allow_null=True, help_text="The fraction of traffic that its sender logs; null: all of it"
    )
    subject = serializers.CharField(allow_null=True)
    slices = serializers.DictField(child=serializers.CharField(allow_null=True))
    outcome = KnownField()
    queue = serializers.CharField(allow_null=True, help_text="null: it is not reviewed")
    inclusion_probability = serializers.FloatField(allow_null=True, help_text="Of its draw")
    reviewed = KnownField(help_text="The reviewers\u2019 label")
    adjudicated = KnownField()
    disputed = serializers.BooleanField()
    targeted = serializers.BooleanField(help_text="A person sent it to review; no figure counts its label")


class PredictionsFoundSerializer(serializers.Serializer[Any]):
    predictions = FoundSerializer(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="Pass it as `cursor` to get the next page")


class OutcomeShownSerializer(serializers.Serializer[Any]):
    outcome = ClassOrNumberField()
    occurred_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()


class PolicyShownSerializer(serializers.Serializer[Any]):
    policy = serializers.CharField()
    version = serializers.IntegerField()
    probability = serializers.FloatField()


class DrawShownSerializer(serializers.Serializer[Any]):
    queue = serializers.CharField()
    drawn_at = serializers.DateTimeField()
    inclusion_probability = serializers.FloatField()
    counted_probability = serializers.FloatField(help_text="The same, times the share judged blind at the time")
    blind = serializers.BooleanField()
    policies = PolicyShownSerializer(many=True)


class ActionShownSerializer(serializers.Serializer[Any]):
    action = serializers.CharField()
    taken_at = serializers.DateTimeField()
    by = serializers.CharField(allow_null=True)
    received_at = serializers.DateTimeField()


class HoldShownSerializer(serializers.Serializer[Any]):
    until = serializers.DateTimeField()
    default = ClassOrNumberField()
    source = serializers.CharField(allow_null=True, help_text="Whose verdict it is: human or default")  # type: ignore[assignment]  # a field named like an attribute
    verdict = KnownField()


class PredictionShownSerializer(FoundSerializer):
    features = serializers.JSONField(help_text="As sent; null once retention has taken them")
    probabilities = serializers.JSONField()
    attributions = serializers.JSONField(
        help_text="As sent, or computed with the model file; null if they do not add up"
    )
    attribution_base = serializers.FloatField(allow_null=True)
    attribution_source = ReasonsSerializer(allow_null=True)
    latency_ms = serializers.FloatField(allow_null=True)
    resources = serializers.JSONField()
    processed = serializers.JSONField(help_text="The model\u2019s own input, where it was sent")
    outcomes = OutcomeShownSerializer(many=True, help_text="All that were sent, the one that counts last")
    observable = serializers.BooleanField(allow_null=True, help_text="Whether its outcome can be observed, as sent")
    explore_share = serializers.FloatField(allow_null=True, help_text="As sent")
    actions = ActionShownSerializer(many=True, help_text="All that was done, the one that counts last")
    hold = HoldShownSerializer(allow_null=True)
    draw = DrawShownSerializer(allow_null=True)
