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


class BandSerializer(StrictSerializer):
    low = NumberField(min_value=0.0, max_value=1.0)
    high = NumberField(min_value=0.0, max_value=1.0)
    rate = NumberField(min_value=0.0, max_value=1.0)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["low"] < attrs["high"]:
            raise serializers.ValidationError("low must be less than high.")
        return attrs


class PolicySerializer(StrictSerializer):
    """One policy. `rate` is the highest probability with which it draws."""

    name = TextField(max_length=64, validators=[validate_name])
    kind = serializers.ChoiceField(choices=[kind for kind in PolicyKind.choices if kind[0] != PolicyKind.FLOOR])
    rate = NumberField(required=False, min_value=0.0, max_value=1.0)
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
        if attrs["kind"] == PolicyKind.MUST_REVIEW and attrs.setdefault("rate", 1.0) != 1:
            raise serializers.ValidationError({"rate": "What must be reviewed has the rate 1; leave it out."})
        needed, other = ("bands", "rate") if attrs["kind"] == PolicyKind.BANDS else ("rate", "bands")
        if not attrs.get(needed) and attrs.get(needed) != 0:
            raise serializers.ValidationError({needed: f"The kind {attrs['kind']} needs {needed}."})
        if other in attrs:
            raise serializers.ValidationError({other: f"The kind {attrs['kind']} has no {other}."})
        _check_bands(attrs.get("bands", []))
        return attrs


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
