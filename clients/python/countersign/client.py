"""The entrance: one server, one key."""

from threading import Lock
from types import TracebackType
from typing import Self

import httpx

from countersign.connection import Connection
from countersign.documents import Limits, read
from countersign.model import Model
from countersign.reviewing import Queue

TIMEOUT = 60.0
PATIENCE = 120.0


class Client:
    """A key's view of a Countersign server; use it as a context, from one thread or several.

    `timeout` is how long one answer may take, `patience` how long a call is tried again while the server is away,
    in trouble or too busy; both in seconds. `transport` is httpx's, for proxies, certificates or tests.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        timeout: float = TIMEOUT,
        patience: float = PATIENCE,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._connection = Connection(base_url, key, timeout=timeout, patience=patience, transport=transport)
        self._limits: Limits | None = None
        self._lock = Lock()

    def model(self, name: str) -> Model:
        """A model of the key's project, registered or still to be."""
        return Model(self._connection, name, limits=self.limits)

    def queue(self, name: str | int) -> Queue:
        """A review queue, by its number, as `model:queue`, or by its name where that is unambiguous."""
        return Queue(self._connection, name)

    def limits(self) -> Limits:
        """What the server takes at most; asked once."""
        with self._lock:
            if self._limits is None:
                self._limits = read(Limits, self._connection.get("limits"))
            return self._limits

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()
