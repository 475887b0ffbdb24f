"""Time zones as people name them."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

# Names of old systems, which nobody looks for.
UNUSUAL = ("Etc/", "SystemV/", "US/", "posix/", "right/")


class ZoneInput(forms.TextInput):
    """A field of text that offers the names while one types."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        offered = f"{(attrs or {}).get('id', name)}_names"
        field = super().render(name, value, {**(attrs or {}), "list": offered}, renderer)
        options = format_html_join("", '<option value="{}"></option>', ((zone,) for zone in _offered()))
        return format_html('{}<datalist id="{}">{}</datalist>', field, offered, options)


class ZoneField(forms.CharField):
    """The name of a time zone; its city is enough."""

    widget = ZoneInput

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=64, help_text="Such as Europe/Berlin or UTC.", **options)

    def clean(self, value: Any) -> str:
        zone = str(super().clean(value))
        if not zone or zone in available_timezones():
            return zone
        named = [each for each in _offered() if zone.casefold() in (each.casefold(), _city(each))]
        if len(named) != 1:
            raise forms.ValidationError("There is no such time zone. Write its name, such as Europe/Berlin or UTC.")
        return named[0]


@cache
def _offered() -> tuple[str, ...]:
    zones = (zone for zone in available_timezones() if zone == "UTC" or "/" in zone)
    return tuple(sorted(zone for zone in zones if not zone.startswith(UNUSUAL)))


def _city(zone: str) -> str:
    """
    >>> _city("America/New_York")
    'new york'
    """
    return zone.rpartition("/")[2].replace("_", " ").casefold()
