"""Append-only tables: their names, and leave to rewrite what they hold."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from apps.common.append_only import ERASING

TABLES = (
    "predictions_outcome",
    "predictions_action",
    "review_decision",
    "truth_resolution",
    "reports_comparison",
    "reports_report",
    "retraining_study",
)


@contextmanager
def rewriting() -> Iterator[None]:
    """Let the statements of the block change rows: the tests own the tables."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET {ERASING} = 'on'")
        yield
        cursor.execute(f"SET {ERASING} = 'off'")
