"""Numbers as people type them. What cannot be read stays as typed, and the document's check says so at its field."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.http import QueryDict

IN = re.compile(r"^\s*(\d[\d., ]*)\s*(?:in|of|/)\s*(\d[\d., ]*)\s*$", re.IGNORECASE)
WORDS = {"always": 1.0, "all": 1.0, "never": 0.0, "none": 0.0}


class Sent(Mapping[str, str]):
    """The fields of a form, each as a text."""

    def __init__(self, data: QueryDict) -> None:
        self._data = data

    def __getitem__(self, name: str) -> str:
        return str(self._data[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def all(self, name: str) -> list[str]:
        """Return all values of a field that can be sent several times."""
        return [str(each) for each in self._data.getlist(name)]


def number(text: str) -> float | int | str:
    """Read a number with or without separators of thousands.

    >>> number("1,250"), number(" 0.5 "), number("ten")
    (1250, 0.5, 'ten')
    """
    plain = text.strip().replace(",", "").replace("\u202f", "").replace(" ", "")
    try:
        value = float(plain)
    except ValueError:
        return text.strip()
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124  # only NaN differs from itself
        return text.strip()
    return int(value) if value.is_integer() and abs(value) < 1e15 and "e" not in plain.lower() else value


def rate(text: str) -> float | int | str:
    """Read a probability: 1 in 20, 5 %, 0.05 or always.

    >>> rate("1 in 20"), rate("5 %"), rate("0.05"), rate("always"), rate("often")
    (0.05, 0.05, 0.05, 1.0, 'often')
    """
    said = text.strip().lower()
    if said in WORDS:
        return WORDS[said]
    if found := IN.match(said):
        part, whole = number(found[1]), number(found[2])
        if isinstance(part, str) or isinstance(whole, str) or not whole:
            return text.strip()
        return part / whole
    if said.endswith("%"):
        share = number(said[:-1])
        return text.strip() if isinstance(share, str) else round(share / 100, 12)
    return number(text)


def sent_value(text: str) -> Any:
    """Read a value of a choice: JSON, so that the code 1 and the text "1" stay apart."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def choice(value: Any) -> str:
    """Write a value for a choice, as `sent_value` reads it."""
    return json.dumps(value, ensure_ascii=False)
