"""Pages of a long list by the key of their last row, so that later pages cost as little as the first."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet


def keyset_page(
    rows: QuerySet[Any], *, limit: int, key: Callable[[Any], int] = lambda row: int(row.pk)
) -> tuple[list[Any], int | None]:
    """Return up to `limit` rows, and the key behind which the next page starts; None at the end.

    The caller orders the rows by that key, and filters those behind the previous page's.
    """
    page = list(rows[: limit + 1])
    return page[:limit], key(page[limit - 1]) if len(page) > limit else None
