"""Serializers of the sampling document."""

from itertools import pairwise
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from apps.accounts.models import validate_name
from apps.common.api import StrictSerializer
from apps.common.fields import NumberField, TextField, WholeNumberField
from apps.registry.services.documents import QueueInputSerializer
from apps.sampling.models import PolicyKind
from apps.sampling.services.policies import FLOOR

SMALLEST_FLOOR = 1e-6
LARGEST_BUDGET = 1_000_000


class BandSerializer(StrictSerializer):
    low = NumberField(min_value=0.0, max_value=1.0)
    high = NumberField(min_value=0.0, max_value=1.0)
    rate = NumberField(min_value=0.0, max_value=1.0)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["low"] < attrs["high"]:
            raise serializers.ValidationError("low must be less than high.")
        return attrs


class BudgetSerializer(StrictSerializer):
    """Cases a day. Every hour the rate is set anew, to spend what is left of the day's budget until midnight."""

    per_day = NumberField(
        help_text="Expected cases a day, in the project's time zone. How many are drawn varies around it by chance: "
        "with 100, between about 80 and 120."
    )

    def validate_per_day(self, per_day: float) -> float:
        if not 0 < per_day <= LARGEST_BUDGET:
            raise serializers.ValidationError(f"A budget is more than 0 and at most {LARGEST_BUDGET:,} cases a day.")
        return per_day


class PolicySerializer(StrictSerializer):
    """One policy. `rate` is the highest probability with which it draws; a `budget` sets the rate by itself."""

    name = TextField(max_length=64, validators=[validate_name])
    kind = serializers.ChoiceField(choices=[kind for kind in PolicyKind.choices if kind[0] != PolicyKind.FLOOR])
    rate = NumberField(required=False, min_value=0.0, max_value=1.0)
    budget = BudgetSerializer(
        required=False,
        help_text="Instead of a rate. The rates of bands then only say how the bands compare. "
        "must_review has no budget.",
    )
    bands = BandSerializer(many=True, required=False)
    condition = serializers.JSONField(required=False, allow_null=True)
    queue = TextField(max_length=64, default="main")
    rank = WholeNumberField(min_value=1, max_value=999_999, default=100)
    # GET returns it, so PUT accepts it
    version = WholeNumberField(required=False)

    def validate_name(self, name: str) -> str:
        if name == FLOOR:
            raise serializers.ValidationError('Set the floor with "floor", not as a policy.')
        return name

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["kind"] == PolicyKind.MUST_REVIEW:
            _check_must_review(attrs)
        _check_rates(attrs)
        _check_bands(attrs.get("bands", []))
        return attrs


def _check_must_review(attrs: dict[str, Any]) -> None:
    if "budget" in attrs:
        raise serializers.ValidationError({"budget": "What must be reviewed has no budget; leave it out."})
    if attrs.setdefault("rate", 1.0) != 1:
        raise serializers.ValidationError({"rate": "What must be reviewed has the rate 1; leave it out."})


def _check_rates(attrs: dict[str, Any]) -> None:
    """Take bands where the kind has them, each with its rate; else a rate. A budget replaces the rate."""
    kind, has_bands, has_budget = attrs["kind"], attrs["kind"] == PolicyKind.BANDS, "budget" in attrs
    if has_bands and not attrs.get("bands"):
        raise serializers.ValidationError({"bands": f"The kind {kind} needs bands."})
    if has_bands and has_budget and not any(band["rate"] for band in attrs["bands"]):
        raise serializers.ValidationError({"bands": "With a budget, at least one band needs a rate above 0."})
    if has_bands and "rate" in attrs:
        raise serializers.ValidationError({"rate": f"The kind {kind} has no rate."})
    if not has_bands and "bands" in attrs:
        raise serializers.ValidationError({"bands": f"The kind {kind} has no bands."})
    if not has_bands and has_budget and "rate" in attrs:
        raise serializers.ValidationError({"budget": "A policy has a rate or a budget, not both."})
    if not has_bands and not has_budget and "rate" not in attrs:
        raise serializers.ValidationError({"rate": f"The kind {kind} needs a rate or a budget."})


def _check_bands(bands: list[dict[str, Any]]) -> None:
    ordered = sorted(bands, key=lambda band: band["low"])
    if any(upper["low"] < lower["high"] for lower, upper in pairwise(ordered)):
        raise serializers.ValidationError({"bands": "Bands must not overlap."})


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
            names = [entry["name"] for entry in attrs.get(field, [])]
            if len(names) != len(set(names)):
                raise serializers.ValidationError({field: "Names must be unique."})
        return attrs
