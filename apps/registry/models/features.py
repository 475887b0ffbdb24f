"""Declared features and slices, as value objects over the model's JSON documents."""

import json
from bisect import bisect_right
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from typing import Any

from apps.common.numerals import localized

MISSING = "(missing)"
# Values that a slice cannot place: lists and objects, and texts and flags between bands.
OTHER = "(other)"
EMPTY = "(empty text)"
BLANK = "(only spaces)"
GROUPED_FROM = 10_000
# From here on, a number has an exponent.
LARGEST_WRITTEN = 1e21
# Numbers with more significant digits than these were computed, not written by a person.
MOST_DIGITS = 12
# JSON's kinds of values in the words of the API; null is none of them.
KINDS: dict[type, str] = {
    int: "integer",
    float: "number",
    str: "string",
    bool: "boolean",
    list: "list",
    dict: "object",
}
# The kinds of value that each declared type allows. A code may be a number, a text or a flag.
ALLOWED: dict[str, frozenset[str]] = {
    "number": frozenset({"number", "integer"}),
    "integer": frozenset({"integer"}),
    "category": frozenset({"string", "integer", "number", "boolean"}),
    "boolean": frozenset({"boolean"}),
    "text": frozenset({"string"}),
}


# Up to here, a float holds every whole number.
LARGEST_EXACT = 2**53


def code_of(value: Any) -> str:
    """Write a value as a code or a slice: 37.0 is 37.

    >>> code_of(37.0), code_of(37), code_of(0.25), code_of("car"), code_of(True)
    ('37', '37', '0.25', 'car', 'True')
    """
    if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_EXACT:
        return str(int(value))
    return str(value)


def is_number(value: Any) -> bool:
    """True for a number of JSON; a flag is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True)
class Feature:
    """A declared feature: its type, and how people read it."""

    name: str
    type: str = "number"
    label: str = ""
    group: str = ""
    unit: str = ""
    codes: dict[str, str] = field(default_factory=dict)
    sensitive: bool = False

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "Feature":
        return cls(**{**document, "label": document.get("label") or document["name"]})

    def allows(self, kind: str) -> bool:
        """Whether the declared type allows values of this kind."""
        return kind in ALLOWED[self.type]

    def meaning(self, value: Any) -> str:
        """The value in words: the meaning of its code, or the number with its unit."""
        if value is None:
            return "missing"
        key = code_of(value)
        if key in self.codes:
            return self.codes[key]
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, str):
            return value if value.strip() else EMPTY if not value else BLANK
        if isinstance(value, list | dict):
            return json.dumps(value, ensure_ascii=False)
        return f"{in_digits(value)} {self.unit}".strip()


def in_digits(number: float) -> str:
    """Write a number with the digits it was sent with, and separators from 10,000 on, so that a year has none.

    A number with very many digits was computed: it has six, or as many more as show that it is not whole.

    >>> in_digits(12345678901234567), in_digits(0.0000123), in_digits(1 / 3), in_digits(2.9999999), in_digits(1e300)
    ('12,345,678,901,234,567', '0.0000123', '0.333333', '2.9999999', '1e+300')
    """
    if isinstance(number, int):
        return localized(f"{number:,}") if abs(number) >= GROUPED_FROM else str(number)
    if number.is_integer() and abs(number) < LARGEST_WRITTEN:
        return in_digits(int(number))
    if not 1e-9 <= abs(number) < LARGEST_WRITTEN:
        return localized(repr(number))
    digits = Decimal(repr(number)).normalize()
    if len(digits.as_tuple().digits) > MOST_DIGITS:
        digits = _shortened(number)
    return localized(f"{digits:,f}" if abs(number) >= GROUPED_FROM else f"{digits:f}")


def _shortened(number: float) -> Decimal:
    rounded = [Decimal(f"{number:.{places}g}").normalize() for places in range(6, 16)]
    return next((each for each in rounded if each != each.to_integral_value()), rounded[-1])


@dataclass(frozen=True)
class Slice:
    """A division of the population by one feature: by its values, or by bands between edges."""

    name: str
    feature: str
    edges: tuple[float, ...] = ()

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "Slice":
        return cls(document["name"], document["feature"], tuple(document.get("edges", ())))

    @cached_property
    def key(self) -> str:
        """The name under which values are stored: it changes with the definition, so that no two ever mix."""
        definition = json.dumps([self.feature, *self.edges])
        return f"{self.name}#{sha256(definition.encode()).hexdigest()[:8]}"

    def value(self, features: dict[str, Any]) -> str:
        """Return the slice into which a prediction with these features falls."""
        raw = features.get(self.feature)
        if raw is None:
            return MISSING
        if isinstance(raw, list | dict) or (self.edges and isinstance(raw, bool | str)):
            return OTHER
        if not self.edges:
            return code_of(raw)[:200]
        return self.bands[bisect_right(self.edges, raw)]

    @property
    def possible_values(self) -> list[str]:
        """All values of a slice by bands."""
        return [*self.bands, OTHER, MISSING]

    @cached_property
    def bands(self) -> list[str]:
        """The names of the bands, lowest first."""
        inner = [f"{low:g} to under {high:g}" for low, high in zip(self.edges, self.edges[1:], strict=False)]
        return [f"under {self.edges[0]:g}", *inner, f"{self.edges[-1]:g} and over"]
