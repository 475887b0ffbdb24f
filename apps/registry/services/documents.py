"""The documents of a model and its queues, checked field by field, by page and API alike."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from apps.accounts.models import Role, validate_name
from apps.common.api import StrictSerializer
from apps.common.fields import AmountField, ClassOrNumberField, FlagField, NumberField, TextField, WholeNumberField
from apps.common.numerals import count
from apps.registry.models import ReviewQueue, Task
from apps.registry.services.guidelines import LONGEST_TEXT

# Roles that work at a desk, to whom a queue shows or hides sensitive features.
SENSITIVE_ROLES = (Role.REVIEWER, Role.ADJUDICATOR, Role.ENGINEER)
LONGEST_DUE_HOURS = 24 * 366
FEATURE_TYPES = ("number", "integer", "category", "boolean", "text")
MAX_FEATURES = 2_000
CURRENCY = r"^[A-Z]{3}\Z"


class FeatureSerializer(StrictSerializer):
    name = TextField(max_length=200)
    type = serializers.ChoiceField(choices=FEATURE_TYPES, default="number")
    label = TextField(max_length=200, default="", allow_blank=True)  # type: ignore[assignment]  # the contract's name is also a field's attribute
    group = TextField(max_length=200, default="", allow_blank=True)
    unit = TextField(max_length=40, default="", allow_blank=True)
    codes = serializers.DictField(child=TextField(max_length=200), default=dict)
    sensitive = FlagField(default=False)


class SliceSerializer(StrictSerializer):
    """A feature's name, or `{"feature", "name", "edges"}` for bands of a number."""

    short_form = {"type": "string", "description": "The feature's name"}
    name = TextField(max_length=64, required=False)
    feature = TextField(max_length=200)
    edges = serializers.ListField(child=NumberField(), required=False, max_length=50)

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value({"feature": data} if isinstance(data, str) else data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        edges = attrs.get("edges", [])
        if edges != sorted(set(edges)):
            raise serializers.ValidationError({"edges": "Edges must increase."})
        return {"name": attrs.get("name") or attrs["feature"][:64], "feature": attrs["feature"], "edges": edges}


class ValueModelSerializer(StrictSerializer):
    """What a decision is worth: classes have a `matrix`, numbers have `over_cost` and `under_cost`."""

    currency = serializers.RegexField(
        CURRENCY, error_messages={"invalid": "Three capital letters, such as EUR."}, help_text="Such as EUR"
    )
    matrix = serializers.DictField(
        child=serializers.DictField(child=AmountField(max_digits=20, decimal_places=6)),
        default=dict,
        help_text="Classes: the worth of each decision, `matrix[predicted][true]`",
    )
    over_cost = AmountField(
        max_digits=20,
        decimal_places=6,
        min_value=0,
        default=None,
        allow_null=True,
        help_text="Numbers: what each unit costs by which the prediction is too high",
    )
    under_cost = AmountField(
        max_digits=20,
        decimal_places=6,
        min_value=0,
        default=None,
        allow_null=True,
        help_text="Numbers: what each unit costs by which the prediction is too low",
    )
    per_amount = FlagField(
        default=False,
        source="is_per_amount",
        help_text="Whether these amounts hold for one unit of `amount`",
    )
    review_cost = AmountField(
        max_digits=12, decimal_places=2, default=Decimal(0), min_value=0, help_text="What one review costs"
    )
    serving_cost = AmountField(
        max_digits=20, decimal_places=10, default=Decimal(0), min_value=0, help_text="What one prediction costs"
    )
    prices = serializers.DictField(
        child=AmountField(max_digits=20, decimal_places=10, min_value=0),
        default=dict,
        help_text="What one unit of each measured resource costs, by its name in the rows",
    )
    statement = TextField(max_length=2000, default="", allow_blank=True)
    reason = TextField(max_length=300, default="", allow_blank=True, help_text="Why it changes")


class ObservedSerializer(StrictSerializer):
    """One of the two: the outcome of a rejected loan is never known."""

    action = serializers.ListField(child=TextField(max_length=200), required=False, min_length=1, max_length=100)
    prediction = serializers.ListField(child=TextField(max_length=200), required=False, min_length=1, max_length=500)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Name either the actions or the predictions.")
        return attrs


EXAMPLE = {
    "name": "Credit applications",
    "question": "Will this loan be repaid?",
    "task": "binary",
    "classes": ["no", "yes"],
    "positive_class": "yes",
    "features": [
        {"name": "income", "type": "number", "label": "Income", "unit": "EUR a year"},
        {"name": "purpose", "type": "category", "label": "Purpose", "codes": {"car": "Car", "home": "Home"}},
    ],
    "slices": ["purpose", {"feature": "income", "name": "income_band", "edges": [20_000, 50_000]}],
    "maturity_days": 90,
    "blind_share": 1.0,
    "value_model": {
        "currency": "EUR",
        "matrix": {"no": {"no": 0, "yes": -40}, "yes": {"no": -900, "yes": 120}},
        "review_cost": "3.50",
        "prices": {"gpu_s": "0.0004"},
    },
}


@extend_schema_serializer(examples=[OpenApiExample("A binary model", value=EXAMPLE, request_only=True)])
class ModelSerializer(StrictSerializer):
    """Fields left out keep their value; a new model gets the defaults."""

    name = TextField(max_length=200, required=False)
    question = TextField(max_length=300, required=False, allow_blank=True)
    task = serializers.ChoiceField(choices=Task.choices, required=False)
    shadow_of = TextField(
        max_length=64,
        required=False,
        allow_null=True,
        help_text="The model in use that this one may replace. Each row of a shadow has its answer as `baseline`, only "
        "disagreements are drawn, as cases of the model in use, whose outcomes count for both",
    )
    classes = serializers.ListField(child=TextField(max_length=200), required=False, max_length=500)
    positive_class = TextField(max_length=200, required=False)
    class_labels = serializers.DictField(child=TextField(max_length=200), required=False)
    reads_numbers_as_classes = FlagField(required=False)
    unit = TextField(max_length=40, required=False, allow_blank=True)
    tolerance = NumberField(
        min_value=0, required=False, help_text="Numbers are the same answer if they differ by no more than this"
    )
    tolerance_share = NumberField(
        min_value=0, max_value=0.99, required=False, help_text="The same, as a share of the larger number"
    )
    features = FeatureSerializer(many=True, required=False)
    slices = SliceSerializer(many=True, required=False)
    maturity_days = WholeNumberField(min_value=1, max_value=36_500, required=False)
    outcome_if_absent = ClassOrNumberField(required=False, allow_null=True)
    actions = serializers.DictField(
        child=ClassOrNumberField(allow_null=True),
        required=False,
        help_text="What may be done about a prediction, each with the class on which it acts; empty: the classes",
    )
    outcome_observed_when = ObservedSerializer(
        required=False, allow_null=True, help_text="Whose outcomes can be observed; null: everybody\u2019s"
    )
    blind_share = NumberField(min_value=0, max_value=1, required=False)
    prediction_range = serializers.ListField(
        child=NumberField(), min_length=2, max_length=2, required=False, write_only=True
    )
    value_model = ValueModelSerializer(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for field in ("features", "slices"):
            names = [entry["name"] for entry in attrs.get(field, [])]
            if len(names) != len(set(names)):
                raise serializers.ValidationError({field: "Two of them have the same name."})
        if len(attrs.get("features", [])) > MAX_FEATURES:
            raise serializers.ValidationError({"features": f"At most {count(MAX_FEATURES)} features."})
        return attrs


class QueueSerializer(serializers.ModelSerializer[ReviewQueue]):
    """A queue as GET shows it."""

    name = serializers.CharField(source="slug")
    title = serializers.CharField(source="name")
    extra_reviewer = serializers.BooleanField(source="is_extra_reviewer_asked")
    guidelines = serializers.SerializerMethodField()

    class Meta:
        model = ReviewQueue
        fields = (
            "id",
            "name",
            "title",
            "overlap",
            "lease_seconds",
            "prefetch",
            "adjudication_rate_agreed",
            "adjudication_rate_differs",
            "adjudication_rate_disagreed",
            "extra_reviewer",
            "four_eyes_amount",
            "order",
            "due_hours",
            "gold_rate",
            "repeat_rate",
            "sensitive_role",
            "dispute_reasons",
            "guidelines",
        )

    def get_guidelines(self, queue: ReviewQueue) -> str:
        """Return the text in force; empty where there is none."""
        return queue.guideline.text if queue.guideline else ""


class QueueInputSerializer(StrictSerializer):
    """A queue as engineers write it in the sampling document; fields left out keep their value."""

    name = TextField(max_length=64, validators=[validate_name])
    title = TextField(max_length=200, required=False)
    overlap = WholeNumberField(min_value=1, max_value=9, required=False)
    lease_seconds = WholeNumberField(min_value=30, max_value=86_400, required=False)
    prefetch = WholeNumberField(min_value=1, max_value=25, required=False)
    adjudication_rate_agreed = NumberField(min_value=0, max_value=1, required=False)
    adjudication_rate_differs = NumberField(min_value=0, max_value=1, required=False)
    adjudication_rate_disagreed = NumberField(min_value=0, max_value=1, required=False)
    extra_reviewer = FlagField(required=False, source="is_extra_reviewer_asked")
    four_eyes_amount = NumberField(min_value=0, required=False, allow_null=True)
    order = serializers.ChoiceField(choices=ReviewQueue.Order.choices, required=False)
    due_hours = WholeNumberField(min_value=1, max_value=LONGEST_DUE_HOURS, required=False, allow_null=True)
    gold_rate = NumberField(min_value=0, max_value=0.5, required=False)
    repeat_rate = NumberField(min_value=0, max_value=0.5, required=False)
    sensitive_role = serializers.ChoiceField(choices=[(role, role.label) for role in SENSITIVE_ROLES], required=False)
    dispute_reasons = serializers.ListField(child=TextField(max_length=200), max_length=9, required=False)
    guidelines = TextField(max_length=LONGEST_TEXT, required=False, allow_blank=True, help_text="Markdown")
    # Accepted so that the answer of GET can be sent back unchanged.
    id = WholeNumberField(required=False)
