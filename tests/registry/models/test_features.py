"""Features and slices as people read them."""

import pytest

from apps.registry.models.features import Feature, Slice

CODED = Feature("sex", codes={"1": "male", "2": "female"})


@pytest.mark.parametrize(
    ("feature", "value", "text"),
    [
        (CODED, 1, "male"),
        (CODED, 2.0, "female"),
        (CODED, "1", "male"),
        (CODED, 9, "9"),
        (CODED, None, "missing"),
        (Feature("age", unit="years"), 67, "67 years"),
        (Feature("year"), 2015, "2015"),
        (Feature("income", unit="EUR"), 1_234_567.0, "1,234,567 EUR"),
        (Feature("rate"), 0.12345678, "0.1235"),
        (Feature("balance"), -12345.678, "-12,346"),
        (Feature("member"), True, "yes"),
        (Feature("name"), "<b>", "<b>"),
    ],
)
def test_a_value_is_shown_in_words(feature, value, text):
    assert feature.meaning(value) == text


def test_a_slice_by_bands_puts_each_number_into_one():
    bands = Slice("age", "AGEP", (18.0, 65.0))
    assert [bands.value({"AGEP": age}) for age in (17, 18, 64.9, 65, None)] == [
        "under 18",
        "18 to under 65",
        "18 to under 65",
        "65 and over",
        "(missing)",
    ]


@pytest.mark.parametrize("odd", [[], [1], {}, {"v": [1]}])
def test_lists_and_objects_fall_into_no_slice(odd):
    assert Slice("age", "AGEP", (18.0, 65.0)).value({"AGEP": odd}) == "(other)"
    assert Slice("age", "AGEP").value({"AGEP": odd}) == "(other)"


@pytest.mark.parametrize(("odd", "value"), [("ten", "ten"), (True, "True")])
def test_texts_and_flags_have_slices_of_their_own_except_between_bands(odd, value):
    assert Slice("age", "AGEP", (18.0, 65.0)).value({"AGEP": odd}) == "(other)"
    assert Slice("age", "AGEP").value({"AGEP": odd}) == value
