"""Time zones as people name them."""

from typing import Any
from zoneinfo import available_timezones

from django import forms


class ZoneField(forms.CharField):
    """The name of a time zone."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=64, help_text="Such as Europe/Berlin or UTC.", **options)

    def clean(self, value: Any) -> str:
        zone = str(super().clean(value))
        if zone and zone not in available_timezones():
            raise forms.ValidationError("There is no such time zone. Write its name, such as Europe/Berlin or UTC.")
        return zone
