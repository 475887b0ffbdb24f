"""Django's `date` and `floatformat`, as a project writes dates and numbers; every template has them."""

from datetime import date
from typing import Any

from django.template import Library, defaultfilters

from apps.common.dates import ordered
from apps.common.numerals import localized

register = Library()


@register.filter("date", expects_localtime=True, is_safe=False)
def in_order(value: date | None, pattern: str) -> Any:
    """Write a date by a pattern that puts the day first."""
    return defaultfilters.date(value, ordered(pattern))


@register.filter("floatformat", is_safe=True)
def with_separators(value: float | None, decimals: int | str) -> str:
    """Write a number with so many decimals."""
    return localized(defaultfilters.floatformat(value, decimals))
