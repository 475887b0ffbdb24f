"""Retries: what is retried, for how long, and what is not."""

from collections.abc import Callable

import httpx
import pytest

from countersign import (
    ApiError,
    ConflictError,
    InvalidError,
    NotAllowedError,
    NotAuthenticatedError,
    NotFoundError,
    QuotaExceededError,
    ServerError,
    TooLargeError,
    UnreachableError,
)

POLICIES = httpx.Response(200, json={"floor": 0.002})


def refusal(status: int, **headers: str) -> httpx.Response:
    body = {"code": "because", "message": "Because.", "details": {"limit": "rows"}}
    return httpx.Response(status, json=body, headers=headers)


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut off"),
        *(httpx.Response(status, text="away") for status in (500, 502, 503, 504)),
    ],
    ids=str,
)
def test_a_passing_failure_costs_time_and_nothing_else(scripted: Callable, failure, pauses: list[float]):
    client, script = scripted(failure, failure, POLICIES)
    assert client.model("credit").policies() == {"floor": 0.002}
    assert len(script.requests) == 3
    assert pauses == [0.25, 0.5]


def test_a_response_that_breaks_off_is_requested_again(scripted: Callable):
    def broken():
        yield b'{"floor": '
        raise httpx.ReadError("cut off")

    client, script = scripted(httpx.Response(200, content=broken()), POLICIES)
    assert client.model("credit").policies() == {"floor": 0.002}
    assert len(script.requests) == 2


@pytest.mark.parametrize(("header", "waited"), [("7", 7.25), ("0", 0.25), ("soon", 0.25)])
def test_the_client_waits_as_long_as_the_server_says(scripted: Callable, header, waited, pauses: list[float]):
    client, _ = scripted(refusal(429, **{"Retry-After": header}), POLICIES)
    client.model("credit").policies()
    assert pauses == [waited]


def test_a_wait_longer_than_patience_does_not_start(scripted: Callable, pauses: list[float]):
    client, _ = scripted(refusal(429, **{"Retry-After": "61"}), patience=60.0)
    with pytest.raises(QuotaExceededError) as caught:
        client.model("credit").policies()
    assert caught.value.retry_after == 61
    assert pauses == []


def test_patience_runs_out(scripted: Callable, monkeypatch: pytest.MonkeyPatch):
    clock = iter(range(0, 10_000, 40))
    monkeypatch.setattr("countersign.connection.time.monotonic", lambda: float(next(clock)))
    client, script = scripted(*[httpx.ConnectError("refused")] * 9, patience=100.0)
    with pytest.raises(UnreachableError, match=r"GET models/credit/policies: ConnectError: refused"):
        client.model("credit").policies()
    assert len(script.requests) == 3


def test_a_server_that_fails_for_too_long_is_an_error(scripted: Callable):
    client, _ = scripted(httpx.Response(503, text="<h1>away</h1>"), patience=0)
    with pytest.raises(ServerError, match="<h1>away</h1>"):
        client.model("credit").policies()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidError),
        (401, NotAuthenticatedError),
        (403, NotAllowedError),
        (404, NotFoundError),
        (409, ConflictError),
        (413, TooLargeError),
        (418, ApiError),
        (422, InvalidError),
    ],
)
def test_a_refusal_is_raised_at_once_with_all_its_details(scripted: Callable, status, kind, pauses: list[float]):
    client, script = scripted(refusal(status))
    with pytest.raises(ApiError) as caught:
        client.model("credit").policies()
    error = caught.value
    assert type(error) is kind
    assert (error.status, error.code, error.message) == (status, "because", "Because.")
    assert error.details == {"limit": "rows"}
    assert (len(script.requests), pauses) == (1, [])


def test_a_page_from_a_proxy_is_an_error(scripted: Callable):
    client, _ = scripted(httpx.Response(200, text="<h1>Sign in</h1>"))
    with pytest.raises(ApiError, match="not_json"):
        client.model("credit").policies()


def test_a_wrong_address_is_not_retried(pauses: list[float]):
    from countersign import Client

    with pytest.raises(httpx.UnsupportedProtocol):
        Client("ftp://server.test", "cs_key").model("credit").policies()
    assert pauses == []
