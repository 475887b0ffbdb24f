"""How many rows to send in one request, so that none takes too long: models differ by a factor of 10,000."""

import time
from collections.abc import Callable
from typing import TypeVar

R = TypeVar("R")
A = TypeVar("A")

FIRST_ROWS = 8
# Aim at this share of the time limit: other rows, or a busy machine, may make the model slower.
SHARE = 0.2
GROWTH = 8
MOST_ROWS = 5_000


class Pace:
    """Learns from each request how many rows the next one may have."""

    def __init__(self, request_seconds: float) -> None:
        self._seconds = SHARE * request_seconds
        self._rows = FIRST_ROWS

    def in_parts(self, rows: list[R], ask: Callable[[list[R]], list[A]]) -> list[A]:
        """Ask about the rows, part by part, and return all answers."""
        answers: list[A] = []
        while len(answers) < len(rows):
            part = rows[len(answers) : len(answers) + self._rows]
            started = time.monotonic()
            answers += ask(part)
            self._learn(len(part), time.monotonic() - started)
        return answers

    def _learn(self, rows: int, seconds: float) -> None:
        fitting = int(rows * self._seconds / max(seconds, 1e-6))
        # The last part of some rows is short, and is no reason to send less next time.
        most = GROWTH * rows if rows == self._rows else self._rows
        self._rows = max(1, min(fitting, most, MOST_ROWS))
