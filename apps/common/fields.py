"""Fields of JSON documents that take values as they are: neither "3" for 3, nor 1 for true."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


class WholeNumberField(serializers.IntegerField):
    """An integer that is one: neither true, nor "3", nor 3.0."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class NumberField(serializers.FloatField):
    """A number that is one: neither true, nor "3"."""

    def to_internal_value(self, data: Any) -> float:
        if type(data) not in {int, float}:
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_field({"oneOf": [{"type": "number"}, {"type": "string", "format": "decimal"}]})
class AmountField(serializers.DecimalField):
    """An exact number: as text where its digits must stay as they are."""

    def to_internal_value(self, data: Any) -> Decimal:
        if type(data) not in {int, float, str}:
            self.fail("invalid")
        return super().to_internal_value(data)


class FlagField(serializers.BooleanField):
    """True or false, and nothing that looks like it."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class TextField(serializers.CharField):
    """A text that is one, kept as it was typed."""

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
    """A class or a number, as sent; whether the model knows it is judged later."""

    def to_internal_value(self, data: Any) -> str | float:
        if isinstance(data, bool) or not isinstance(data, str | int | float):
            raise serializers.ValidationError("A class, as text, or a number.")
        return data

    def to_representation(self, value: Any) -> Any:
        return value
