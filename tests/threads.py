"""Runs several acts at the same moment, for tests of concurrency."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def at_once(*acts: Callable[[], T]) -> list[T]:
    """Run each act in its own thread, on its own database connection; return their results in order."""
    start = Barrier(len(acts), timeout=30)

    def run(act: Callable[[], T]) -> T:
        try:
            connection.ensure_connection()
            start.wait()
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))
