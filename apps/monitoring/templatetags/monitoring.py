"""Shares as text and as bar lengths."""

from django import template

register = template.Library()


@register.filter
def percent(share: float | None) -> str:
    """Write a share in percent, with a decimal where it is small; never round a positive share to zero.

    >>> percent(None), percent(0.0), percent(0.0001), percent(0.034), percent(0.5)
    ('–', '0 %', '< 0.1 %', '3.4 %', '50 %')
    """
    if share is None:
        return "–"
    if 0 < share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.0f} %" if share == 0 or share >= 0.1 else f"{100 * share:.1f} %"


@register.filter
def points(share: float | None) -> str:
    """Return a share's bar length out of 100; a positive share is at least 2 long, so that it is visible."""
    return f"{max(100 * share, 2):.1f}" if share else "0"
