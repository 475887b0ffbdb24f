"""Time zones are found by their names and by their cities."""

import pytest
from django import forms

from apps.common.zones import ZoneField


class Zones(forms.Form):
    zone = ZoneField()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("Europe/Berlin", "Europe/Berlin"), ("berlin", "Europe/Berlin"), ("New York", "America/New_York"), ("utc", "UTC")],
)
def test_a_city_names_its_zone(typed: str, meant: str) -> None:
    form = Zones({"zone": typed})
    assert form.is_valid()
    assert form.cleaned_data["zone"] == meant


def test_what_names_no_zone_is_refused_with_an_example() -> None:
    form = Zones({"zone": "Atlantis"})
    assert form.errors["zone"] == ["There is no such time zone. Write its name, such as Europe/Berlin or UTC."]


def test_names_are_offered_while_one_types() -> None:
    page = str(Zones()["zone"])
    assert 'list="id_zone_names"' in page
    assert '<option value="Europe/Berlin"></option>' in page
    assert "Etc/" not in page
