"""Lanes: threads that answer requests, and the queue before them. What must be quick never waits behind what is not."""

import threading
import time
from collections import deque

from waitress.channel import HTTPChannel

from config.server.refusals import Refusal

# Usually a request may wait this long for a thread, so that a burst is served.
PATIENCE_SECONDS = 10.0
# While others get 503, a request waits this long: it would most likely get the same.
TROUBLE_PATIENCE_SECONDS = 0.5
# A 503 counts as trouble for this long.
TROUBLE_SECONDS = 5.0
READINESS_THREADS = 2


class Lane:
    """Some threads, and the connections whose first request waits for one of them, oldest first."""

    def __init__(self, name: str, *, threads: int) -> None:
        self._waiting: deque[tuple[float, HTTPChannel]] = deque()
        self._changed = threading.Condition()
        for number in range(threads):
            threading.Thread(target=self._serve, name=f"{name}-{number}", daemon=True).start()

    def add(self, channel: HTTPChannel) -> None:
        with self._changed:
            self._waiting.append((time.monotonic(), channel))
            self._changed.notify()

    def overdue(self, seconds: float) -> list[HTTPChannel]:
        """Take out the connections that have waited longer than this."""
        since, taken = time.monotonic() - seconds, []
        with self._changed:
            while self._waiting and self._waiting[0][0] < since:
                taken.append(self._waiting.popleft()[1])
        return taken

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                channel = self._waiting.popleft()[1]
            channel.service()  # logs what it raises


class Lanes:
    """One lane for the application; one for readiness, which asks the database; one for answers that wait for nothing.

    Takes the place of waitress's dispatcher.
    """

    def __init__(self, *, threads: int) -> None:
        self._application = Lane("application", threads=threads)
        self._readiness = Lane("readiness", threads=READINESS_THREADS)
        self._immediate = Lane("immediate", threads=1)
        self._trouble_at = float("-inf")

    def add_task(self, channel: HTTPChannel) -> None:
        """Queue a connection for its first request."""
        self._of(channel).add(channel)

    def note_trouble(self) -> None:
        """Have others wait less: the application has just answered 503."""
        self._trouble_at = time.monotonic()

    def refuse_overdue(self) -> None:
        """Answer 503 to those who have waited too long for a thread."""
        in_trouble = time.monotonic() - self._trouble_at < TROUBLE_SECONDS
        patience = TROUBLE_PATIENCE_SECONDS if in_trouble else PATIENCE_SECONDS
        for channel in self._application.overdue(patience) + self._readiness.overdue(TROUBLE_PATIENCE_SECONDS):
            channel.requests[0].error = Refusal(channel.requests[0].path)
            self._immediate.add(channel)

    def _of(self, channel: HTTPChannel) -> Lane:
        request = channel.requests[0]
        if request.error or request.path == "/healthz":
            return self._immediate
        return self._readiness if request.path == "/readyz" else self._application
