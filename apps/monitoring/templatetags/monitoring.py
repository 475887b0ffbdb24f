"""Shares as text and as bar lengths."""

import json
from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.http import urlencode

from apps.common.numerals import fixed
from apps.common.shares import hundredths
from apps.stats.estimate import Estimate

register = template.Library()


@register.filter
def percent(share: float | None) -> str:
    """Write a share in percent, with a decimal where it is small; only none reads as 0 %, and only all as 100 %.

    >>> percent(None), percent(0.0), percent(0.0001), percent(0.034), percent(0.5), percent(0.9996)
    ('–', '0 %', '< 0.1 %', '3.4 %', '50 %', '99.96 %')
    """
    if share is None:
        return "–"
    if 0 < share < 0.001:
        return f"< {fixed(0.1, 1)} %"
    return f"{hundredths(share, decimals=0 if share == 0 or share >= 0.1 else 1)} %"


@register.filter
def points(share: float | None) -> str:
    """Return a share's bar length out of 100; a positive share is at least 2 long, so that it is visible."""
    return f"{max(100 * share, 2):.1f}" if share else "0"


@register.filter
def in_100_with_range(figure: Estimate) -> str:
    """Write a share in 100 with its range.

    >>> in_100_with_range(Estimate(0.831, 0.822, 0.839, "wilson", 900))
    '83.1 (82.2–83.9)'
    """
    if figure.value is None or figure.low is None or figure.high is None:
        return "not known yet"
    value, low, high = (fixed(100 * each, 1) for each in (figure.value, figure.low, figure.high))
    return f"{value} ({low}–{high})"


@register.filter
def at(found: Mapping[Any, Any], key: Any) -> Any:
    return found.get(key)


@register.filter
def as_draft(policy: dict[str, Any]) -> str:
    """Write a policy as the query of the sampling page."""
    return urlencode({"draft": json.dumps(policy)})
