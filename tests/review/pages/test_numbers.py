"""Numbers as people type them: read with either decimal sign, or refused with what they could mean."""

import pytest

from apps.review.pages.numbers import read_number

NARROW = "\N{NARROW NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("12,5", 12.5),
        ("12.5", 12.5),
        ("-0,25", -0.25),
        ("\N{MINUS SIGN}3", -3.0),
        ("+7", 7.0),
        (",5", 0.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("0,125", 0.125),
        ("1.234", 1.234),
        ("12,3456", 12.3456),
        ("1234,567", 1234.567),
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("1,234,567", 1234567.0),
        ("1.234.567,25", 1234567.25),
        ("1 234", 1234.0),
        (f"1{NARROW}234{NARROW}567,5", 1234567.5),
        ("1'234.5", 1234.5),
        ("1’234", 1234.0),
        ("  42 ", 42.0),
        ("1e5", 100000.0),
        ("1,5e-3", 0.0015),
        ("123456789012345", 123456789012345.0),
    ],
)
def test_a_number_is_read_with_either_decimal_sign(typed: str, number: float) -> None:
    assert read_number(typed) == number


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("1,234", "“1,234” can mean 1234 or 1.234"),
        ("310,000", "“310,000” can mean 310000 or 310.000"),
        ("12,34,5", "not a number"),
        ("1,234.567.8", "not a number"),
        ("1.234,567,8", "not a number"),
        ("1 2", "not a number"),
        ("12 345 6", "not a number"),
        ("1,2345,678", "not a number"),
        ("twelve", "not a number"),
        ("12 days", "not a number"),
        ("nan", "not a number"),
        ("inf", "not a number"),
        ("--1", "not a number"),
        ("١٢", "not a number"),
        (".", "not a number"),
        ("1e400", "too large"),
        ("12345678901234567", "more digits than can be kept"),
    ],
)
def test_an_unclear_number_is_refused_with_the_reason(typed: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_number(typed)
