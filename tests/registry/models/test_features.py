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
        # The digits that were sent: fewer would show another number.
        (Feature("rate"), 0.12345678, "0.12345678"),
        (Feature("rate"), 0.0000123, "0.0000123"),
        (Feature("rate"), 99.99999, "99.99999"),
        (Feature("rate"), 99.9999999999999, "99.9999999999999"),
        (Feature("rate"), 1 / 3, "0.333333"),
        (Feature("rate"), 0.1 + 0.2, "0.3"),
        (Feature("rate"), 1e300, "1e+300"),
        (Feature("rate"), -1.5e-12, "-1.5e-12"),
        (Feature("rate"), 0.0, "0"),
        (Feature("balance"), -12345.678, "-12,345.678"),
        (Feature("balance"), 36_512_345.25, "36,512,345.25"),
        (Feature("account"), 12345678901234567, "12,345,678,901,234,567"),
        (Feature("account"), -98765432109876543210, "-98,765,432,109,876,543,210"),
        (Feature("account"), 9_007_199_254_740_993, "9,007,199,254,740,993"),
        (Feature("list"), ["x", None, 1.5, True], '["x", null, 1.5, true]'),
        (Feature("object"), {"größe": {"a": []}}, '{"größe": {"a": []}}'),
        (Feature("text"), "", "(empty text)"),
        (Feature("text"), " \n", "(only spaces)"),
        (Feature("text"), " a\n\n b ", " a\n\n b "),
        (Feature("code", codes={"": "not asked"}), "", "not asked"),
        (Feature("code", codes={"1234567": "seven digits"}), 1234567.0, "seven digits"),
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
