"""Django's `humanize`, with the thousands of a project: `{% load humanize %}` loads this one."""

from django.contrib.humanize.templatetags import humanize
from django.template import Library

from apps.common.numerals import localized

register = Library()
register.filters |= humanize.register.filters


@register.filter(is_safe=True)
def intcomma(value: float | str) -> str:
    """Write a number with separators between its thousands."""
    return localized(humanize.intcomma(value))
