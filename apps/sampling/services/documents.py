"""Serializers of the sampling document."""

from itertools import pairwise
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from apps.accounts.models import validate_name
from apps.common.api import StrictSerializer
from apps.common.fields import FlagField, NumberField, TextField, WholeNumberField
from apps.common.numerals import count
from apps.registry.services.documents import QueueInputSerializer
from apps.sampling.models import FLOOR, PolicyKind

SMALLEST_FLOOR = 1e-6
LARGEST_BUDGET = 1_000_000
METRICS = ("accuracy", "precision", "recall", "value")
BINARY_METRICS = ("precision", "recall")
# What the kinds need: most only a rate
SETTINGS = ("rate", "budget", "bands", "slice", "rates", "full_at", "metrics")
NEEDED = {
    PolicyKind.BANDS: ("bands",),
    PolicyKind.SLICE: ("slice", "rates"),
    PolicyKind.AMOUNT: ("rate", "full_at"),
    PolicyKind.RECOMMENDED: ("metrics", "rate"),
}
ALIKE = "Another one before it has the same."


class BandSerializer(StrictSerializer):
    low = NumberField(min_value=0.0, max_value=1.0)
    high = NumberField(min_value=0.0, max_value=1.0)
    rate = NumberField(min_value=0.0, max_value=1.0)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["low"] < attrs["high"]:
            raise serializers.ValidationError({"high": "high must be greater than low."})
        return attrs


class BudgetSerializer(StrictSerializer):
    """Cases a day. Every hour the rate is set anew, to spend what is left of the day's budget until midnight."""

    per_day = NumberField(
        help_text="Expected cases a day, in the project's time zone. How many are drawn varies around it by chance: "
        "with 100, between about 80 and 120."
    )

    def validate_per_day(self, per_day: float) -> float:
        if not 0 < per_day <= LARGEST_BUDGET:
            raise serializers.ValidationError(
                f"A budget is more than 0 and at most {count(LARGEST_BUDGET)} cases a day."
            )
        return per_day


class SliceRateSerializer(StrictSerializer):
    """The rate of one value of a slice."""

    value = TextField(max_length=200)
    rate = NumberField(min_value=0.0, max_value=1.0)


class PolicySerializer(StrictSerializer):
    """One policy. `rate` is the highest probability with which it draws; for slice that of the values not listed.

    A `budget` instead sets the rate by itself.
    """

    name = TextField(max_length=64, validators=[validate_name])
    kind = serializers.ChoiceField(choices=[kind for kind in PolicyKind.choices if kind[0] != PolicyKind.FLOOR])
    rate = NumberField(required=False, min_value=0.0, max_value=1.0, help_text="For recommended, the mean probability")
    budget = BudgetSerializer(
        required=False,
        help_text="Instead of a rate. The rates of bands and of slice values then only say how these compare. "
        "must_review has no budget.",
    )
    bands = BandSerializer(many=True, required=False)
    slice = TextField(max_length=64, required=False, help_text="Of the kind slice: the slice\u2019s name")
    rates = SliceRateSerializer(many=True, required=False)
    full_at = NumberField(
        required=False, help_text="Of the kind amount: from this amount on, the full rate applies; below, its share"
    )
    metrics = serializers.ListField(
        child=serializers.ChoiceField(choices=METRICS),
        required=False,
        help_text="Of the kind recommended: the metrics whose ranges it narrows",
    )
    condition = serializers.JSONField(required=False, allow_null=True)
    queue = TextField(max_length=64, default="main")
    rank = WholeNumberField(min_value=1, max_value=999_999, default=100)
    is_on = FlagField(default=True, help_text="A policy that is off stays in the document and draws nothing")
    origin = TextField(max_length=200, default="", allow_blank=True, help_text="Where a draft of it came from")
    # GET returns it, so PUT accepts it
    version = WholeNumberField(required=False)

    def validate_name(self, name: str) -> str:
        if name == FLOOR:
            raise serializers.ValidationError('Set the floor with "floor", not as a policy.')
        return name

    def validate_full_at(self, amount: float) -> float:
        if amount <= 0:
            raise serializers.ValidationError("Must be greater than 0.")
        return amount

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        kind = PolicyKind(attrs["kind"])
        if kind == PolicyKind.MUST_REVIEW and attrs.setdefault("rate", 1.0) != 1:
            raise serializers.ValidationError({"rate": "What must be reviewed has the rate 1; leave it out."})
        _check_settings(kind, attrs)
        _check_bands(attrs.get("bands", []))
        for name, key in (("rates", "value"), ("metrics", None)):
            _check_distinct(attrs.get(name, []), name, key)
        return attrs


def _check_settings(kind: PolicyKind, attrs: dict[str, Any]) -> None:
    """Ask for all that the kind needs, and nothing else. A budget takes the place of the rate."""
    may_have_budget = kind != PolicyKind.MUST_REVIEW
    has_budget = may_have_budget and "budget" in attrs
    needed = [name for name in NEEDED.get(kind, ("rate",)) if not (has_budget and name == "rate")]
    allowed = {*needed, *(["budget"] if may_have_budget else []), *(["rate"] if kind == PolicyKind.SLICE else [])}
    wrong = {name: f"The kind {kind} needs {name}." for name in needed if attrs.get(name) in (None, [])}
    if "rate" in wrong and may_have_budget:
        wrong["rate"] = f"The kind {kind} needs a rate or a budget."
    for name in SETTINGS:
        if name in attrs and name not in allowed:
            wrong[name] = _why_not(name, kind, has_budget=has_budget)
    if has_budget and not wrong:
        wrong = _weights_problem(attrs)
    if wrong:
        raise serializers.ValidationError(wrong)


def _why_not(name: str, kind: PolicyKind, *, has_budget: bool) -> str:
    if name == "budget":
        return "What must be reviewed has no budget; leave it out."
    if name == "rate" and has_budget and kind != PolicyKind.BANDS:
        return "A policy has a rate or a budget, not both."
    return f"The kind {kind} has no {name}."


def _weights_problem(attrs: dict[str, Any]) -> dict[str, str]:
    for name in ("bands", "rates"):
        if name in attrs and not attrs.get("rate") and not any(each["rate"] for each in attrs[name]):
            return {name: "With a budget, at least one rate must be above 0."}
    return {}


def _check_bands(bands: list[dict[str, Any]]) -> None:
    ordered = sorted(range(len(bands)), key=lambda place: bands[place]["low"])
    wrong = {upper for lower, upper in pairwise(ordered) if bands[upper]["low"] < bands[lower]["high"]}
    if wrong:
        error = {"low": "Bands must not overlap: another one begins lower and ends higher than this."}
        raise serializers.ValidationError({"bands": [error if place in wrong else {} for place in range(len(bands))]})


def _check_distinct(entries: list[Any], name: str, key: str | None) -> None:
    """Say at each repeated entry that there is one like it."""
    named = [each[key] for each in entries] if key else entries
    wrong = [value in named[:place] for place, value in enumerate(named)]
    if any(wrong):
        error: Any = {key: ALIKE} if key else [ALIKE]
        raise serializers.ValidationError({name: [error if each else {} for each in wrong]})


EXAMPLE = {
    "floor": 0.002,
    "policies": [
        {
            "name": "hesitant",
            "kind": "bands",
            "bands": [{"low": 0.4, "high": 0.6, "rate": 0.1}],
            "queue": "main",
            "rank": 1,
        },
        {
            "name": "large-amounts",
            "kind": "uniform",
            "rate": 0.25,
            "condition": {"field": "amount", "op": "ge", "value": 50_000},
        },
        {"name": "disputed", "kind": "disagreement", "budget": {"per_day": 20}, "rank": 5},
        {
            "name": "cars",
            "kind": "slice",
            "slice": "purpose",
            "rates": [{"value": "car", "rate": 0.1}],
            "rate": 0.01,
        },
    ],
    "queues": [{"name": "main", "overlap": 2}],
}


@extend_schema_serializer(
    examples=[OpenApiExample("A floor, and more draws where the model is uncertain", value=EXAMPLE, request_only=True)]
)
class SamplingSerializer(StrictSerializer):
    """Floor, policies and queues. An omitted part stays as it is; a policy missing from the list ends."""

    floor = NumberField(min_value=SMALLEST_FLOOR, max_value=1.0, required=False)
    policies = PolicySerializer(many=True, required=False)
    queues = QueueInputSerializer(many=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for field in ("policies", "queues"):
            _check_distinct(attrs.get(field, []), field, "name")
        return attrs
