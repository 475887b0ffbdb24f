"""The HTTP connection of one key. It retries: a server that restarts or is busy costs time and nothing else.

Every call is safe to repeat: pushes carry an idempotency key, documents are put whole, a claim returns the slots that
are held already, and a repeated judgement or report request counts once.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from countersign.errors import ApiError, CountersignError, UnreachableError

# A server whose database is restarting responds with 500.
RETRIED = frozenset({429, 500, 502, 503, 504})
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 10.0
# Other errors, such as a malformed address or header, would only repeat.
RETRIED_FAULTS = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError, httpx.ProxyError)


class Connection:
    """Sends requests and reads responses. Thread-safe."""

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
        """Return the document of the response, or None if it is empty. Raises ApiError, UnreachableError."""
        response = self._send_patiently(method, path, parts, is_whole=True)
        return _document(response) if response.content else None

    @contextmanager
    def stream(self, path: str, **query: Any) -> Iterator[httpx.Response]:
        """Yield a successful response whose body is still to be read. Raises ApiError, UnreachableError."""
        response = self._send_patiently("GET", path, {"params": query}, is_whole=False)
        try:
            yield response
        finally:
            response.close()

    def _send_patiently(self, method: str, path: str, parts: dict[str, Any], *, is_whole: bool) -> httpx.Response:
        """Send the request, with retries at growing pauses, until patience runs out."""
        deadline = time.monotonic() + self.patience
        pause = FIRST_PAUSE
        while True:
            error: CountersignError
            try:
                return self._send(method, path, parts, is_whole=is_whole)
            except ApiError as refusal:
                if refusal.status not in RETRIED:
                    raise
                error, retry_after = refusal, refusal.retry_after
            except RETRIED_FAULTS as fault:
                error, retry_after = UnreachableError(f"{method} {path}: {type(fault).__name__}: {fault}"), None
                error.__cause__ = fault
            wait = _jittered(pause) if retry_after is None else retry_after + _jittered(FIRST_PAUSE)
            if time.monotonic() + wait > deadline:
                raise error
            time.sleep(wait)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _send(self, method: str, path: str, parts: dict[str, Any], *, is_whole: bool) -> httpx.Response:
        response = self._http.send(self._http.build_request(method, path, **parts), stream=True)
        if is_whole or not response.is_success:
            response.read()  # closes the response
        if not response.is_success:
            raise ApiError.of(response.status_code, _body(response), retry_after=_retry_after(response))
        return response


def _jittered(pause: float) -> float:
    """Shorten the pause at random, so that clients refused together do not return together."""
    return random.uniform(pause / 2, pause)  # noqa: S311  # not a secret


def _body(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return response.text


def _document(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError as error:
        # The response comes from something in between, such as a proxy.
        raise ApiError(response.status_code, "not_json", response.text[:500], {}) from error


def _retry_after(response: httpx.Response) -> float | None:
    """Return how many seconds the server says to wait. The header may hold a date instead."""
    header = response.headers.get("Retry-After", "")
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None
