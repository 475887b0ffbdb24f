"""One key's HTTP connection, patiently: a server that restarts or is busy costs time and nothing else.

Every call of the API may be made twice: pushes carry an idempotency key, documents are put whole, a claim returns what
is held already, the same judgement or report is one. So whatever may pass by itself is tried again.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from countersign.errors import ApiError, CountersignError, UnreachableError

# 500 is what a server says whose database is restarting.
PASSING = frozenset({429, 500, 502, 503, 504})
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 10.0
# Others (a malformed address, a header that cannot be sent) are mistakes that stay.
PASSING_FAULTS = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError, httpx.ProxyError)


class Connection:
    """Sends requests and reads answers; may be used by several threads."""

    def __init__(
        self, base_url: str, key: str, *, timeout: float, patience: float, transport: httpx.BaseTransport | None
    ) -> None:
        self.patience = patience
        self._http = httpx.Client(
            base_url=f"{base_url.rstrip('/')}/api/v1/",
            headers={"Authorization": f"Bearer {key}", "User-Agent": "countersign-client"},
            timeout=timeout,
            transport=transport,
        )

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, params=query)

    def put(self, path: str, document: Any) -> Any:
        return self.call("PUT", path, json=document)

    def post(self, path: str, document: Any) -> Any:
        return self.call("POST", path, json=document)

    def call(self, method: str, path: str, **parts: Any) -> Any:
        """The answer's document; None where there is none. Raises ApiError, UnreachableError."""
        response = self._insist(method, path, parts, is_whole=True)
        return _document(response) if response.content else None

    @contextmanager
    def stream(self, path: str, **query: Any) -> Iterator[httpx.Response]:
        """A good answer whose body is still to be read. Raises ApiError, UnreachableError."""
        response = self._insist("GET", path, {"params": query}, is_whole=False)
        try:
            yield response
        finally:
            response.close()

    def _insist(self, method: str, path: str, parts: dict[str, Any], *, is_whole: bool) -> httpx.Response:
        """Ask until there is an answer that stays, at growing pauses, as long as patience lasts."""
        deadline = time.monotonic() + self.patience
        pause = FIRST_PAUSE
        while True:
            error: CountersignError
            try:
                return self._ask(method, path, parts, is_whole=is_whole)
            except ApiError as refusal:
                if refusal.status not in PASSING:
                    raise
                error, told = refusal, refusal.retry_after
            except PASSING_FAULTS as fault:
                error, told = UnreachableError(f"{method} {path}: {type(fault).__name__}: {fault}"), None
                error.__cause__ = fault
            wait = _jittered(pause) if told is None else told + _jittered(FIRST_PAUSE)
            if time.monotonic() + wait > deadline:
                raise error
            time.sleep(wait)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _ask(self, method: str, path: str, parts: dict[str, Any], *, is_whole: bool) -> httpx.Response:
        response = self._http.send(self._http.build_request(method, path, **parts), stream=True)
        if is_whole or not response.is_success:
            response.read()  # which closes it
        if not response.is_success:
            raise ApiError.of(response.status_code, _said(response), retry_after=_retry_after(response))
        return response


def _jittered(pause: float) -> float:
    """Clients that were refused together do not come back together."""
    return random.uniform(pause / 2, pause)  # noqa: S311  # no secret


def _said(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return response.text


def _document(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError as error:
        # Something in between answered: a proxy's page, for instance.
        raise ApiError(response.status_code, "not_json", response.text[:500], {}) from error


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds to wait, as the server says; it may say until when instead."""
    told = response.headers.get("Retry-After", "")
    try:
        return max(0.0, float(told))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except ValueError:
        return None
