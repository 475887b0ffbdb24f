"""Clients of a scripted server, and of the real one."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pytest_django.live_server_helper import LiveServer

from apps.accounts.models import Role
from apps.registry.models import MonitoredModel
from countersign import Client, connection
from tests.factories import make_key, make_member, make_model, make_project

LIMITS = {
    "body_bytes": 64 * 1024 * 1024,
    "document_bytes": 4 * 1024 * 1024,
    "rows_per_batch": 100_000,
    "bytes_per_row": 1024 * 1024,
    "features_per_row": 2_000,
    "requests_per_minute": None,
    "rows_per_minute": None,
}
Answer = httpx.Response | Exception


class Script:
    """Gives one answer per request and keeps the requests. Once the answers are used up, it accepts every push."""

    def __init__(self, answers: list[Answer], limits: dict[str, Any]) -> None:
        self.answers, self.limits = answers, LIMITS | limits
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v1/limits":
            return httpx.Response(200, json=self.limits)
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else accepted(len(self.requests), rows(request))
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def bodies(self) -> list[bytes]:
        return [request.content for request in self.requests]

    @property
    def keys(self) -> list[str]:
        return [request.headers["Idempotency-Key"] for request in self.requests]


def rows(request: httpx.Request) -> int:
    return len(request.content.splitlines())


def accepted(batch: int, number: int, **changes: Any) -> httpx.Response:
    answer = {"batch": batch, "accepted": number, "duplicates": 0, "rejected": []}
    return httpx.Response(200, json=answer | changes)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> list[float]:
    """The pauses of scripted tests, recorded instead of slept. Tests against the real server sleep."""
    recorded: list[float] = []
    if "live_server" not in request.fixturenames:
        monkeypatch.setattr(connection.time, "sleep", recorded.append)
        monkeypatch.setattr(connection.random, "uniform", lambda low, high: high)
    return recorded


@pytest.fixture
def scripted() -> Callable[..., tuple[Client, Script]]:
    """Make a client of a server that gives these answers."""

    def make(*answers: Answer, patience: float = 60.0, **limits: Any) -> tuple[Client, Script]:
        script = Script(list(answers), limits)
        client = Client("http://server.test", "cs_key", patience=patience, transport=httpx.MockTransport(script))
        return client, script

    return make


@pytest.fixture
def model(transactional_db: None) -> MonitoredModel:
    return make_model(make_project("lab"), "employment")


@pytest.fixture
def key(model: MonitoredModel) -> str:
    """A key with every scope that acts for an engineer of the model's project."""
    return make_key(model.project, acts_for=make_member(model.project, Role.ENGINEER).user)[1]


@pytest.fixture
def client(live_server: LiveServer, key: str) -> Iterator[Client]:
    """A client of the real server."""
    with Client(live_server.url, key) as connected:
        yield connected
