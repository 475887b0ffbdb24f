"""Look-ups and rates for the templates of the sampling editor."""

from collections.abc import Mapping
from typing import Any

from django import template

from apps.sampling.services import wording

register = template.Library()


@register.filter
def at(values: Mapping[str, Any] | None, key: str) -> Any:
    """Return the value under a key that a variable names; nothing where there is none."""
    return (values or {}).get(key, "")


@register.filter
def rate(value: Any) -> str:
    """Write a probability as people type it; what could not be read stays as typed."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return wording.rate(value) if is_number and 0 <= value <= 1 else str(value)
