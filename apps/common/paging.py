"""Keyset pagination: each page starts after the last key of the one before, so all pages cost the same."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet


def keyset_page(
    rows: QuerySet[Any], *, limit: int, key: Callable[[Any], int] = lambda row: int(row.pk)
) -> tuple[list[Any], int | None]:
    """Return up to `limit` rows and the key after which the next page starts, or None at the end.

    The caller orders the rows by that key and filters out those up to the previous page's key.
    """
    page = list(rows[: limit + 1])
    return page[:limit], key(page[limit - 1]) if len(page) > limit else None
