"""Shares in words and as lengths."""

from django import template

register = template.Library()


@register.filter
def percent(share: float | None) -> str:
    """A share as people read it: with a digit behind the point where it is small, never rounded down to nothing.

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
    """The length of its bar in a field of 100; one that is not zero can be seen."""
    return f"{max(100 * share, 2):.1f}" if share else "0"
