"""Numbers with significant digits, never with an exponent: few people read 1.2e-05."""

import math

from apps.common.numerals import localized


def significant(number: float, *, digits: int = 3) -> str:
    """Write a number with so many significant digits.

    >>> significant(12_345.6), significant(0.00001234), significant(-2.5), significant(0.0)
    ('12,300', '0.0000123', '−2.50', '0')
    """
    return at_place(number, place_of(number, digits=digits))


def place_of(number: float, *, digits: int = 3) -> int:
    """Return the power of ten of the last of so many significant digits.

    >>> place_of(12_345.6), place_of(0.00998), place_of(999.96)
    (2, -5, 0)
    """
    return math.floor(math.log10(abs(number))) - digits + 1 if number else 0


def at_place(number: float, place: int) -> str:
    """Write a number rounded to a power of ten.

    >>> at_place(12_345.6, 2), at_place(-0.126, -2), at_place(0.004, -1)
    ('12,300', '−0.13', '0.0')
    """
    text = f"{round(number, -place):,.{max(0, -place)}f}"
    return localized(text.replace("-", "−") if float(text.replace(",", "")) else text.removeprefix("-"))
