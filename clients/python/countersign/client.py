"""The entry point: one server, one key."""

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
    """A connection to a Countersign server with one key. Use it as a context manager; it is thread-safe.

    `timeout` limits one response, `patience` limits how long a call is retried while the server is away, failing or
    over quota; both in seconds. `transport` goes to httpx, for proxies, certificates or tests.
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
        """Return a model of the key's project, which need not be registered yet."""
        return Model(self._connection, name, limits=self.limits)

    def queue(self, name: str | int) -> Queue:
        """Return a review queue by number, as `model:queue`, or by name if the name is unique."""
        return Queue(self._connection, name)

    def limits(self) -> Limits:
        """Return the server's limits. They are fetched once."""
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
