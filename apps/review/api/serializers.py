"""What clients send to the desk and what it returns. Nothing of a prediction leaves before its reveal."""

from datetime import date, datetime
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.utils import (
    OpenApiExample,
    PolymorphicProxySerializer,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers

from apps.common.api import StrictSerializer
from apps.common.fields import ClassOrNumberField, FlagField, TextField, WholeNumberField
from apps.review.models import DataProblem, Decision, ReviewItem, Slot, Verdict
from apps.review.services import Only, Waiting
from apps.review.services.answers import LARGEST_INT, LONGEST_NOTE
from apps.review.services.masking import hidden_features, shown_marks
from apps.review.services.reasons import reasons


@extend_schema_field({"oneOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]})
class DayOrMomentField(serializers.Field[Any, Any, Any, Any]):
    """A moment with its time zone, or a day. The project's time zone later turns a day into a moment."""

    def to_internal_value(self, data: Any) -> datetime | date:
        try:
            parsed = (parse_date(data) or parse_datetime(data)) if isinstance(data, str) else None
        except ValueError:
            parsed = None
        if parsed is None or (isinstance(parsed, datetime) and parsed.tzinfo is None):
            raise serializers.ValidationError("A day, or a moment with its time zone.")
        return parsed


CLAIM = {"slots": 2}


@extend_schema_serializer(examples=[OpenApiExample("Up to two cases", value=CLAIM, request_only=True)])
class ClaimSerializer(StrictSerializer):
    slots = WholeNumberField(min_value=1, max_value=1_000, default=1)
    only = serializers.ChoiceField(choices=[str(each) for each in Only], required=False)


class HolderSerializer(StrictSerializer):
    """Every write to a slot names its lease."""

    lease_token = serializers.UUIDField()


JUDGEMENT = {
    "lease_token": "5f0c2a54-7d6e-4a55-9a43-0d1f6a1f9f11",
    "value": "no",
    "certainty": 2,
    "active_ms": 48_000,
}


@extend_schema_serializer(examples=[OpenApiExample("A first answer", value=JUDGEMENT, request_only=True)])
class JudgementSerializer(HolderSerializer):
    value = ClassOrNumberField()
    certainty = WholeNumberField(min_value=1, max_value=3, default=None, allow_null=True)
    note = TextField(max_length=LONGEST_NOTE, default="", allow_blank=True)
    active_ms = WholeNumberField(min_value=0, max_value=LARGEST_INT, default=None, allow_null=True)


DECISION = {
    "lease_token": "5f0c2a54-7d6e-4a55-9a43-0d1f6a1f9f11",
    "verdict": "correct",
    "value": "no",
    "certainty": 3,
    "note": "The income is that of the household.",
    "active_ms": 61_000,
}


class WrongFeatureSerializer(StrictSerializer):
    """A feature with a wrong value, and what is wrong."""

    feature = TextField(max_length=200)
    problem = serializers.ChoiceField(choices=DataProblem.choices)


@extend_schema_serializer(examples=[OpenApiExample("The model is corrected", value=DECISION, request_only=True)])
class DecisionSerializer(HolderSerializer):
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    value = ClassOrNumberField(default=None, allow_null=True)
    certainty = WholeNumberField(min_value=1, max_value=3, default=None, allow_null=True)
    reasons = serializers.ListField(child=TextField(max_length=200), max_length=20, default=list)
    note = TextField(max_length=LONGEST_NOTE, default="", allow_blank=True)
    until = DayOrMomentField(default=None, allow_null=True)
    wrong_features = WrongFeatureSerializer(many=True, default=list)
    ask = serializers.EmailField(default=None, allow_null=True)
    precedent = FlagField(default=False)
    active_ms = WholeNumberField(min_value=0, max_value=LARGEST_INT, default=None, allow_null=True)


class CaseSerializer(StrictSerializer):
    """A case without anything of the prediction."""

    id = serializers.CharField(source="prediction.external_id")
    predicted_at = serializers.DateTimeField(source="prediction.predicted_at")
    version = serializers.CharField(source="prediction.version.name")
    question = serializers.CharField(source="model.question")
    task = serializers.CharField(source="model.task")
    classes = serializers.ListField(child=serializers.CharField(), source="model.classes")
    features = serializers.SerializerMethodField()
    hidden = serializers.SerializerMethodField()

    @extend_schema_field(serializers.DictField())
    def get_features(self, item: ReviewItem) -> dict[str, Any]:
        """The features as sent, without those the person may not see."""
        hidden = hidden_features(item, by=self.context["member"])
        return {name: value for name, value in item.features.items() if name not in hidden}

    def get_hidden(self, item: ReviewItem) -> list[str]:
        """Names of the sensitive features the person may not see."""
        return sorted(hidden_features(item, by=self.context["member"]))


class ReasonsSerializer(serializers.Serializer[Any]):
    """How contributions came about."""

    method = serializers.CharField(help_text="sent, tree, tree_interventional, linear or permutation")
    space = serializers.CharField(allow_null=True, help_text="Their units: margin, probability or value, if known")
    code = serializers.CharField(
        allow_null=True,
        help_text="Why there are none: does_not_add_up or not_reproduced. Or not_checkable: nobody can tell whether "
        "they add up",
    )
    evaluations = serializers.IntegerField(allow_null=True)
    file = serializers.CharField(allow_null=True, help_text="The first 16 digits of the model file\u2019s SHA-256")


class RevealSerializer(serializers.Serializer[ReviewItem]):
    """The prediction."""

    prediction = serializers.SerializerMethodField()
    score = serializers.FloatField(source="prediction.score", allow_null=True)
    probabilities = serializers.DictField(allow_null=True)
    attributions = serializers.SerializerMethodField()
    attribution_base = serializers.SerializerMethodField()
    attribution_source = serializers.SerializerMethodField()
    processed = serializers.SerializerMethodField()

    @extend_schema_field(ClassOrNumberField)
    def get_prediction(self, item: ReviewItem) -> str | float:
        return item.model.decode(item.prediction.predicted)

    @extend_schema_field(serializers.DictField(allow_null=True))
    def get_attributions(self, item: ReviewItem) -> dict[str, float] | None:
        """What each feature added, without those whose value the person may not see; null if they do not add up."""
        if self.reasons is None or not self.reasons.values:
            return None
        hidden = hidden_features(item, by=self.context["member"])
        return {name: size for name, size in self.reasons.values.items() if name not in hidden}

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_attribution_base(self, item: ReviewItem) -> float | None:
        """Where the attributions begin; null where some are left out, whose sum it would give away."""
        hidden = hidden_features(item, by=self.context["member"])
        return None if self.reasons is None or hidden & self.reasons.values.keys() else self.reasons.base

    @extend_schema_field(ReasonsSerializer(allow_null=True))
    def get_attribution_source(self, _item: ReviewItem) -> dict[str, Any] | None:
        return None if self.reasons is None else self.reasons.source

    def to_representation(self, instance: ReviewItem) -> dict[str, Any]:
        """Look the contributions up once, for all of their fields."""
        self.reasons = reasons(instance)
        return super().to_representation(instance)

    @extend_schema_field(serializers.DictField(allow_null=True))
    def get_processed(self, item: ReviewItem) -> dict[str, Any] | None:
        """The model's own input, without values whose feature the person may not see."""
        hidden = hidden_features(item, by=self.context["member"])
        return item.processed and {name: value for name, value in item.processed.items() if name not in hidden}


class RevealedCaseSerializer(CaseSerializer, RevealSerializer):
    """A case with its prediction: not blind, or already judged."""


class GivenAnswerSerializer(serializers.Serializer[Decision]):
    """A reviewer's answer as adjudicators see it, without the name."""

    value = serializers.SerializerMethodField(method_name="get_decoded_value")
    verdict = serializers.CharField()
    is_judgement = serializers.BooleanField()
    counts = serializers.BooleanField(help_text="False if its reviewer had seen the prediction before")
    certainty = serializers.IntegerField(allow_null=True)
    reasons = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField()
    wrong_features = serializers.SerializerMethodField()

    @extend_schema_field(ClassOrNumberField(allow_null=True))
    def get_decoded_value(self, decision: Decision) -> str | float | None:
        return None if decision.value is None else decision.item.model.decode(decision.value)

    @extend_schema_field(WrongFeatureSerializer(many=True))
    def get_wrong_features(self, decision: Decision) -> list[dict[str, str]]:
        return shown_marks(decision, hidden=hidden_features(decision.item, by=self.context["member"]))


class SlotSerializer(serializers.Serializer[Slot]):
    """A slot as its holder sees it."""

    slot = serializers.IntegerField(source="pk")
    queue = serializers.IntegerField(source="queue_id")
    lease_token = serializers.UUIDField()
    expires_at = serializers.DateTimeField(source="lease_expires_at")
    blind = serializers.BooleanField(source="is_blind")
    judged = serializers.SerializerMethodField()
    adjudication = serializers.BooleanField(source="is_adjudication")
    item = serializers.SerializerMethodField()
    answers = serializers.SerializerMethodField()

    def get_judged(self, slot: Slot) -> bool:
        return slot.judged_at is not None

    @extend_schema_field(
        PolymorphicProxySerializer("ShownCase", [RevealedCaseSerializer, CaseSerializer], resource_type_field_name=None)
    )
    def get_item(self, slot: Slot) -> dict[str, Any]:
        """The case; it has the prediction's fields once they may be shown."""
        if slot.revealed is None:
            return dict(CaseSerializer(slot.item, context=self.context).data)
        return dict(RevealedCaseSerializer(slot.item, context=self.context).data)

    @extend_schema_field(GivenAnswerSerializer(many=True))
    def get_answers(self, slot: Slot) -> list[dict[str, Any]]:
        """For an adjudicator: the reviewers' answers."""
        decisions = slot.answers_to_settle if slot.is_adjudication else ()
        return [dict(GivenAnswerSerializer(decision, context=self.context).data) for decision in decisions]


class WaitingSerializer(serializers.Serializer[Waiting]):
    """Why nothing is left to claim."""

    items = serializers.IntegerField()
    leased_by_others = serializers.IntegerField()
    snoozed = serializers.IntegerField(help_text="Put off by others")
    snoozed_by_you = serializers.IntegerField()
    your_questions = serializers.IntegerField(help_text="Wait for the answer to your question")
    kept_for_others = serializers.IntegerField()
    done_by_you = serializers.IntegerField()
    passed_by_you = serializers.IntegerField()
    for_other_reviewers = serializers.IntegerField()
    awaiting_adjudication = serializers.IntegerField()
    questions_for_you = serializers.IntegerField(help_text="In all queues of the project")
    is_paused = serializers.BooleanField()


class ClaimedSerializer(serializers.Serializer[Any]):
    slots = SlotSerializer(many=True)
    waiting = WaitingSerializer(required=False)


class DecidedSerializer(serializers.Serializer[Decision]):
    decision = serializers.IntegerField(source="pk")
    next = SlotSerializer(many=True)


class HeldSerializer(serializers.Serializer[Slot]):
    expires_at = serializers.DateTimeField(source="lease_expires_at")
