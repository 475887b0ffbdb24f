"""Strict fields of JSON documents: "3" is not 3, and 1 is not true."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


class WholeNumberField(serializers.IntegerField):
    """Takes integers; refuses true, "3" and 3.0."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class NumberField(serializers.FloatField):
    """Takes numbers; refuses true and "3"."""

    def to_internal_value(self, data: Any) -> float:
        if type(data) not in {int, float}:
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_field({"oneOf": [{"type": "number"}, {"type": "string", "format": "decimal"}]})
class AmountField(serializers.DecimalField):
    """Takes an exact decimal number, as a number or as text. Text keeps every digit."""

    def to_internal_value(self, data: Any) -> Decimal:
        if type(data) not in {int, float, str}:
            self.fail("invalid")
        return super().to_internal_value(data)


class FlagField(serializers.BooleanField):
    """Takes true and false; refuses 1, 0 and "true"."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class TextField(serializers.CharField):
    """Takes text and keeps its white space; refuses numbers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if not (self.allow_blank or data.strip()):
            self.fail("blank")
        return super().to_internal_value(data)


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "number"}]})
class ClassOrNumberField(serializers.Field[Any, Any, Any, Any]):
    """Takes a class or a number. Whether the model has that class is checked later."""

    def to_internal_value(self, data: Any) -> str | float:
        if isinstance(data, bool) or not isinstance(data, str | int | float):
            raise serializers.ValidationError("Must be a class, as text, or a number.")
        return data

    def to_representation(self, value: Any) -> Any:
        return value
