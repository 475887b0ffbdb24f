"""Polling until a condition holds."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0


def wait_until(ask: Callable[[], T], is_done: Callable[[T], bool], *, timeout: float, what: str) -> T:
    """Return the first answer that is done. Raises TimeoutError."""
    deadline, pause = time.monotonic() + timeout, FIRST_PAUSE
    while not is_done(answer := ask()):
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"waited {timeout:g} s for {what}")
        time.sleep(min(pause, left))
        pause = min(1.5 * pause, LONGEST_PAUSE)
    return answer
