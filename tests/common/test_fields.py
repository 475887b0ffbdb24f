"""Fields of documents accept JSON's own types and no look-alikes."""

import pytest
from rest_framework.exceptions import ValidationError

from apps.common.fields import AmountField, ClassOrNumberField, FlagField, NumberField, TextField, WholeNumberField


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (WholeNumberField(), 3),
        (NumberField(), 3),
        (NumberField(), 0.5),
        (FlagField(), False),
        (TextField(), " as it is "),
        (TextField(allow_blank=True), ""),
        (ClassOrNumberField(), "yes"),
        (ClassOrNumberField(), 2.5),
        (AmountField(max_digits=6, decimal_places=2), 3),
    ],
)
def test_a_value_of_the_right_type_is_kept(field, value):
    assert field.run_validation(value) == value


def test_an_amount_given_as_text_keeps_its_digits():
    assert str(AmountField(max_digits=6, decimal_places=2).run_validation("3.10")) == "3.10"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((WholeNumberField(), value) for value in (True, "3", 3.0, None)),
        *((NumberField(), value) for value in (True, "0.5", [])),
        *((FlagField(), value) for value in (1, 0, "true", "")),
        *((TextField(), value) for value in (1, True, "", "  ", ["a"])),
        *((ClassOrNumberField(), value) for value in (True, {}, [1])),
        *((AmountField(max_digits=6, decimal_places=2), value) for value in (True, "x", 3.125)),
    ],
)
def test_a_look_alike_is_refused(field, value):
    with pytest.raises(ValidationError):
        field.run_validation(value)
