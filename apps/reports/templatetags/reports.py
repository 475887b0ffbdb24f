"""What the templates of reports cannot say by themselves."""

from typing import Any

from django import template

register = template.Library()


@register.filter
def of(drawings: dict[str, Any], name: str) -> Any:
    """The entry of this name, nothing where there is none."""
    return drawings.get(name)
