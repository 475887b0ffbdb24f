"""Connections that notice a database that has stopped answering, whose own time-outs then end no statement."""

import socket
import struct
import threading
import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg

# A statement without a sign from the server for this long has the server asked whether it answers anybody.
SILENCE_SECONDS = 0.5
# The server has this long to answer.
ANSWER_SECONDS = 0.7
# One answer holds for this long, for all statements of the process.
HOLDS_SECONDS = 1.0
# The smallest question of PostgreSQL's protocol: may this connection be encrypted? The answer is one byte.
QUESTION = struct.pack("!II", 8, 80_877_103)

T = TypeVar("T")


class SilentDatabaseError(psycopg.OperationalError):
    """The database server accepts no connection, or says nothing on it."""


class Pulse:
    """Whether one database server answers: asked at most once a second, by whoever waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._answers = True

    def answers(self, host: str, port: int) -> bool:
        with self._lock:
            if time.monotonic() - self._asked_at > HOLDS_SECONDS:
                self._answers = _ask(host, port)
                self._asked_at = time.monotonic()
            return self._answers


def _ask(host: str, port: int) -> bool:
    try:
        with _connected(host, port) as asked:
            asked.sendall(QUESTION)
            return bool(asked.recv(1))
    except OSError:
        return False


def _connected(host: str, port: int) -> socket.socket:
    if not host.startswith("/"):
        return socket.create_connection((host, port), ANSWER_SECONDS)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(ANSWER_SECONDS)
    connection.connect(f"{host}/.s.PGSQL.{port}")
    return connection


class WatchedConnection(psycopg.Connection[Any]):
    """Gives up a statement once the server answers nobody. A server that answers may work on it for longer."""

    pulse = Pulse()

    def wait(self, gen: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return super().wait(self._watched(gen), *arguments, **options)
        except SilentDatabaseError:
            self.pgconn.finish()
            raise

    def _watched(self, steps: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        """Pass on what the driver waits for. It gets 0 each time that nothing has come for a tenth of a second."""
        heard_at = time.monotonic()
        try:
            waits_for = next(steps)
            while True:
                came = yield waits_for
                if came:
                    heard_at = time.monotonic()
                elif time.monotonic() - heard_at > SILENCE_SECONDS and not self._is_answered():
                    raise SilentDatabaseError("the database does not answer")
                waits_for = steps.send(came)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]  # the generator's own type

    def _is_answered(self) -> bool:
        return self.pulse.answers(self.info.host, self.info.port)
