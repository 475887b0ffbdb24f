"""Work on several rows of which one may fail without stopping the others."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog
from django.db import connection

from apps.common.outages import is_outage

T = TypeVar("T")
R = TypeVar("R")

log = structlog.get_logger(__name__)

# Statement timeout, and limits of the server: a row may run into these every time.
ROWS_FAULTS = ("57014", "54")


def one_by_one(rows: Iterable[T], work: Callable[[T], R], *, name: str) -> list[R]:
    """Do the work on each row and return the results; log an error and go on. `name` says what failed, in the log."""
    results = []
    for row in rows:
        try:
            results.append(work(row))
        except Exception:  # whatever it is, it concerns this row only
            log.exception("work_failed", work=name, row=getattr(row, "pk", row))
            drop_lost_connection()
    return results


def drop_lost_connection() -> None:
    """Close a connection that no longer works, so that the next query opens a new one."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


def is_no_rows_fault(error: Exception) -> bool:
    """Return whether the database failed, and not what was asked of it."""
    state = getattr(error.__cause__, "sqlstate", None) or ""
    return is_outage(error) and not state.startswith(ROWS_FAULTS)
