"""Probabilities and lists in words."""

from collections.abc import Sequence
from typing import Any

from apps.common.numerals import localized
from apps.registry.models.features import in_digits, is_number

# Up to here, a probability of 1 in n is said so.
LARGEST_N = 1_000_000
NOISE = 1e-9


def rate(probability: float) -> str:
    """Write a probability as it is typed, whatever the project’s format: reading it back gives the same.

    >>> [rate(each) for each in (1, 0, 0.05, 0.002, 0.016, 1 / 3, 0.35)]
    ['always', 'never', '1 in 20', '1 in 500', '1.6 %', '1 in 3', '35 %']
    """
    if probability in (0, 1):
        return "always" if probability else "never"
    n = round(1 / probability) if probability * LARGEST_N >= 1 else 0
    if n > 1 and abs(probability * n - 1) < NOISE:
        return f"1 in {n:,}"
    return f"{100 * probability:.10g} %"


def rate_as_typed(value: Any) -> str:
    """Write a probability; what is none stays as typed."""
    return localized(rate(value)) if is_number(value) and 0 <= value <= 1 else number_as_typed(value)


def number_as_typed(value: Any) -> str:
    """Write a number; what is none stays as typed, and a gap shows where there is nothing.

    >>> number_as_typed(50_000), number_as_typed("ten"), number_as_typed(None)
    ('50,000', 'ten', '…')
    """
    return in_digits(value) if is_number(value) else str(value or "…")


def listed(words: Sequence[str], last: str = "and") -> str:
    """Join words to a list.

    >>> listed(["a", "b", "c"]), listed(["a", "b"], "or")
    ('a, b and c', 'a or b')
    """
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]
