"""From the API's documents to typed objects."""

from dataclasses import dataclass, fields
from typing import Any, TypeVar
from urllib.parse import quote

T = TypeVar("T")


def read(kind: type[T], document: dict[str, Any]) -> T:
    """A dataclass from the fields it knows; a newer server may say more."""
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # callers pass dataclasses
    return kind(**{name: value for name, value in document.items() if name in known})


def part(name: str | int) -> str:
    """A name as one part of an address."""
    return quote(str(name), safe=":")


@dataclass(frozen=True)
class Limits:
    """What the installation takes at most; None where there is no end."""

    body_bytes: int
    document_bytes: int
    rows_per_batch: int
    bytes_per_row: int
    features_per_row: int
    requests_per_minute: int | None
    rows_per_minute: int | None
