"""Shares as text and as bar lengths."""

from django import template

from apps.common.shares import hundredths

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
        return "< 0.1 %"
    return f"{hundredths(share, decimals=0 if share == 0 or share >= 0.1 else 1)} %"


@register.filter
def points(share: float | None) -> str:
    """Return a share's bar length out of 100; a positive share is at least 2 long, so that it is visible."""
    return f"{max(100 * share, 2):.1f}" if share else "0"
