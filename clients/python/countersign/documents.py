"""Typed objects from the API's documents."""

from dataclasses import dataclass, fields
from typing import Any, TypeVar
from urllib.parse import quote

T = TypeVar("T")


def read(kind: type[T], document: dict[str, Any]) -> T:
    """Make a dataclass from the fields that it knows; a newer server may send more."""
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # callers pass dataclasses
    return kind(**{name: value for name, value in document.items() if name in known})


def part(name: str | int) -> str:
    """Quote a name as one segment of a path."""
    return quote(str(name), safe=":")


@dataclass(frozen=True)
class Limits:
    """The limits of the installation; None means no limit."""

    body_bytes: int
    document_bytes: int
    rows_per_batch: int
    bytes_per_row: int
    features_per_row: int
    requests_per_minute: int | None
    rows_per_minute: int | None
