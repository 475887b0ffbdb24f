"""The product's API from outside, patiently: a server that restarts costs time and nothing else."""

import time
from typing import Any

import httpx

PASSING = frozenset({429, 500, 502, 503, 504})
PATIENCE_SECONDS = 180.0
LONGEST_PAUSE = 5.0


class RefusedError(Exception):
    """The server understood and said no."""

    def __init__(self, status: int, answer: Any, *, what: str) -> None:
        super().__init__(f"{what}: {status} {answer}")
        self.status = status
        self.answer = answer


class Api:
    """One key's view of the API; may be used by several threads."""

    def __init__(self, base_url: str, key: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=f"{base_url}/api/v1/",
            headers={"Authorization": f"Bearer {key}"},
            timeout=60.0,
            trust_env=False,
            transport=transport,
        )

    def get(self, path: str) -> Any:
        return self._call("GET", path)

    def put(self, path: str, document: Any) -> Any:
        return self._call("PUT", path, json=document)

    def post(self, path: str, document: Any) -> Any:
        return self._call("POST", path, json=document)

    def push(self, path: str, lines: bytes, *, key: str) -> dict[str, Any]:
        """Send rows under an idempotency key; rows that are rejected are an error of ours."""
        headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": key}
        answer: dict[str, Any] = self._call("POST", path, content=lines, headers=headers)
        if answer["rejected"]:
            raise RefusedError(207, answer["rejected"][:3], what=path)
        return answer

    def close(self) -> None:
        self._http.close()

    def _call(self, method: str, path: str, **body: Any) -> Any:
        """The answer; asked again, at growing pauses, while the server is away or in trouble."""
        deadline, pause = time.monotonic() + PATIENCE_SECONDS, 0.2
        while True:
            try:
                response = self._http.request(method, path, **body)
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            else:
                if response.is_success:
                    return response.json() if response.content else None
                if response.status_code not in PASSING or time.monotonic() > deadline:
                    raise RefusedError(response.status_code, _read(response), what=f"{method} {path}")
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


def _read(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return response.text[:500]
