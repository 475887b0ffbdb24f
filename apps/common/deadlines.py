"""Deadlines: work in this process that may take only so long."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from apps.common.errors import DomainError

_AGAIN_SECONDS = 10.0


class TookTooLongError(DomainError):
    """The work was stopped at its deadline."""

    code = "took_too_long"


class _TimeIsUp(KeyboardInterrupt):
    """Stops the work like Ctrl-C, for which psycopg cancels the query that runs."""


@contextmanager
def deadline(seconds: float, message: str) -> Iterator[None]:
    """Stop the block after so many seconds and raise TookTooLongError. Works in the main thread alone."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _TimeIsUp

    before = signal.signal(signal.SIGALRM, stop)
    # Repeated, because an exception in a destructor is lost.
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except _TimeIsUp:
        raise TookTooLongError(message) from None
    finally:
        signal.signal(signal.SIGALRM, before)
