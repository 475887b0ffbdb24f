"""Numbers as people type them, with either decimal sign. The desk's script reads them by the same rules."""

import math
import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from apps.common.numerals import localized
from apps.registry.models import MonitoredModel

PARTS = r" '’\u00a0\u2009\u202f"
# Groups of three digits, parted by one and the same sign, and a decimal part.
GROUPED = re.compile(
    rf"(?P<whole>[1-9][0-9]{{0,2}}(?:(?P<sign>[.,{PARTS}])[0-9]{{3}})(?:(?P=sign)[0-9]{{3}})*)"
    r"(?:(?!(?P=sign))[.,](?P<part>[0-9]*))?"
)
PLAIN = re.compile(r"(?P<whole>[0-9]*)(?:[.,](?P<part>[0-9]*))?")
SIGNED = re.compile(rf"(?P<minus>[+-]?)(?P<digits>[0-9.,{PARTS}]*[0-9][.,]?)(?P<power>[eE][+-]?[0-9]{{1,3}})?")


def read_number(text: str) -> float:
    """Return the number, in which a point or a comma begins the decimals. Raises ValueError if it is unclear.

    >>> read_number("12,5"), read_number("1 234,5"), read_number("1,234.5"), read_number("1.234.567")
    (12.5, 1234.5, 1234.5, 1234567.0)
    """
    signed = SIGNED.fullmatch(text.strip().replace("\N{MINUS SIGN}", "-"))
    if signed is None:
        raise ValueError(f"“{text.strip()[:40]}” is not a number")
    exact = Decimal(signed["minus"] + _unified(signed["digits"]) + (signed["power"] or ""))
    number = float(exact)
    if math.isinf(number):
        raise ValueError("This number is too large")
    if exact == exact.to_integral_value() and Decimal(number) != exact and not signed["power"]:
        raise ValueError("This number has more digits than can be kept")
    return number


def _unified(digits: str) -> str:
    """Return the digits without groups and with a decimal point."""
    grouped = GROUPED.fullmatch(digits)
    is_one_mark = grouped is not None and grouped["part"] is None and digits.count(grouped["sign"]) == 1
    if grouped is not None and is_one_mark and grouped["sign"] == ",":
        bare, decimal = digits.replace(",", ""), digits.replace(",", ".")
        raise ValueError(f"“{digits}” can mean {bare} or {decimal}. Write it without a comma")
    if grouped is not None and not (is_one_mark and grouped["sign"] == "."):
        return f"{grouped['whole'].replace(grouped['sign'], '')}.{grouped['part'] or ''}"
    plain = PLAIN.fullmatch(digits)
    if plain is None:
        raise ValueError(f"“{digits}” is not a number")
    return f"{plain['whole']}.{plain['part'] or ''}"


def apart(model: MonitoredModel, own: float, predicted: float) -> str:
    """Say how far a person's number is from the model's; empty for classes and for the same number."""
    if not model.is_regression or own == predicted:
        return ""
    distance, side = abs(own - predicted), "higher" if own > predicted else "lower"
    share = f", {localized(f'{100 * distance / abs(predicted):.2g}')} %," if predicted else ""
    words = f"Your number is {model.label(distance)}{share} {side} than the model’s"
    if model.agrees(own, predicted):
        return f"{words}: within what counts as the same."
    return f"{words}."


class NumberField(forms.CharField):
    """A number with either decimal sign; None where nothing is typed."""

    def clean(self, value: Any) -> float | None:
        text = super().clean(value)
        try:
            return read_number(text) if text else None
        except ValueError as error:
            raise ValidationError(f"{error}.") from error
