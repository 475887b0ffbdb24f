"""How numbers are written: all texts write them the English way, and the separators of a project take their place."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db.models import TextChoices

NO_BREAK = "\u00a0"


class NumberFormat(TextChoices):
    COMMAS = "commas", "1,234,567.8"
    POINTS = "points", "1.234.567,8"
    SPACES = "spaces", f"1{NO_BREAK}234{NO_BREAK}567,8"
    SPACES_AND_POINT = "spaces_point", f"1{NO_BREAK}234{NO_BREAK}567.8"
    APOSTROPHES = "apostrophes", "1’234’567.8"


# What takes the place of a comma between thousands and of the decimal point.
SEPARATORS = {
    NumberFormat.POINTS: {",": ".", ".": ","},
    NumberFormat.SPACES: {",": NO_BREAK, ".": ","},
    NumberFormat.SPACES_AND_POINT: {",": NO_BREAK},
    NumberFormat.APOSTROPHES: {",": "’"},
}
TABLES = {name: str.maketrans(pairs) for name, pairs in SEPARATORS.items()}
THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")
_in_force: ContextVar[str] = ContextVar("number_format", default=NumberFormat.COMMAS)


@contextmanager
def numbers_as(number_format: str) -> Iterator[None]:
    """Write numbers so for the length of the block, in this thread."""
    token = _in_force.set(number_format)
    try:
        yield
    finally:
        _in_force.reset(token)


def localized(number: str) -> str:
    """Return a number that is written the English way in the format in force.

    >>> with numbers_as("points"):
    ...     localized("−1,234.5")
    '−1.234,5'
    >>> localized("−1,234.5")
    '−1,234.5'
    """
    table = TABLES.get(_in_force.get())  # type: ignore[call-overload]  # a plain text finds its member
    return number.translate(table) if table else number


def count(number: float) -> str:
    """Write a number of things.

    >>> count(86_000)
    '86,000'
    """
    return localized(f"{number:,.0f}")


def fixed(number: float, decimals: int) -> str:
    """Write a number with so many decimals.

    >>> fixed(-1234.5, 2), fixed(-0.04, 1)
    ('−1,234.50', '0.0')
    """
    return localized(f"{round(number, decimals) + 0.0:,.{decimals}f}".replace("-", "−"))


def with_thousands(text: str) -> str:
    """Write the thousands that a text names, and nothing else of it, in the format in force.

    >>> with numbers_as("points"):
    ...     with_thousands("The gain, per 1,000 predictions")
    'The gain, per 1.000 predictions'
    """
    return THOUSANDS.sub(lambda found: localized(found[0]), text)
