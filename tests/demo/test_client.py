import httpx
import pytest

from apps.demo import client
from apps.demo.client import Api, RefusedError


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, without making them."""
    made: list[float] = []
    monkeypatch.setattr(client.time, "sleep", made.append)
    return made


def api(*answers: httpx.Response | Exception) -> tuple[Api, list[httpx.Request]]:
    """An API that gives these answers, one a request."""
    waiting, seen = list(answers), []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        found = waiting.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return Api("http://127.0.0.1:1", "cs_key", transport=httpx.MockTransport(answer)), seen


def test_a_server_that_restarts_costs_time_and_nothing_else(pauses: list[float]):
    found, seen = api(httpx.ConnectError("refused"), httpx.Response(503), httpx.Response(200, json={"slots": []}))
    assert found.post("queues/1/claim", {}) == {"slots": []}
    assert len(seen) == 3
    assert pauses == [0.2, 0.4]


def test_a_refusal_is_not_asked_again():
    found, seen = api(httpx.Response(409, json={"code": "lease_lost"}))
    with pytest.raises(RefusedError) as caught:
        found.post("slots/1/decision", {})
    assert (caught.value.status, caught.value.answer["code"]) == (409, "lease_lost")
    assert len(seen) == 1


def test_patience_ends(monkeypatch: pytest.MonkeyPatch):
    clock = iter(range(0, 10_000, 100))
    monkeypatch.setattr(client.time, "monotonic", lambda: float(next(clock)))
    found, seen = api(*[httpx.Response(503, text="away")] * 5)
    with pytest.raises(RefusedError):
        found.get("reports/1")
    assert len(seen) == 2


def test_rows_are_pushed_under_their_idempotency_key():
    answer = {"batch": 1, "accepted": 1, "duplicates": 0, "rejected": []}
    found, seen = api(httpx.Response(200, json=answer))
    assert found.push("models/employment/outcomes", b"{}\n", key="chunk-1") == answer
    assert seen[0].headers["Idempotency-Key"] == "chunk-1"
    assert seen[0].headers["Content-Type"] == "application/x-ndjson"
    assert seen[0].headers["Authorization"] == "Bearer cs_key"


def test_a_rejected_row_is_an_error():
    rejected = [{"index": 0, "id": "1", "code": "conflict", "field": "id", "message": "…"}]
    found, _ = api(httpx.Response(207, json={"batch": 1, "accepted": 0, "duplicates": 0, "rejected": rejected}))
    with pytest.raises(RefusedError, match="conflict"):
        found.push("models/employment/predictions", b"{}\n", key="chunk-1")
