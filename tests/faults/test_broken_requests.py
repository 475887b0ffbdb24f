"""Requests that break the rules of HTTP: the real server answers or drops each, and none holds it up."""

import json
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from tests import hostile
from tests.benchmarks.harness import BACKGROUND, Site, running_site

pytestmark = [pytest.mark.slow, pytest.mark.faults]
PATH = "/api/v1/models/m/predictions"
ROW = {
    "id": "case-1",
    "predicted_at": "2026-03-02T09:00:00Z",
    "features": {"age": 41},
    "prediction": "yes",
}
BODY = json.dumps({"predictions": [ROW]}).encode()
LINES = json.dumps(ROW).encode()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site(without=BACKGROUND) as running:
        yield running


@pytest.fixture(scope="module")
def key(site: Site) -> str:
    person = ("--user", "a@example.org", "--role", "owner")
    output = site.manage("create_key", "--project", "lab", *person, "--scopes", "all")
    token = output.strip().splitlines()[-1].strip()
    headers = {"Authorization": f"Bearer {token}"}
    httpx.put(f"{site.base_url}/api/v1/models/m", json=hostile.MODEL, headers=headers).raise_for_status()
    return token


def request(key: str, *headers: str, form: str = "application/json") -> bytes:
    """Return the head of a push."""
    lines = [f"POST {PATH} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {key}", f"Content-Type: {form}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode()


def connected(site: Site) -> socket.socket:
    address = urlsplit(site.base_url)
    return socket.create_connection((address.hostname, address.port), timeout=30)


def answered(site: Site, sent: bytes, *, is_half_closed: bool = True) -> tuple[int, dict]:
    """Send these bytes; return the status and body of the answer."""
    with connected(site) as client:
        client.sendall(sent)
        if is_half_closed:
            client.shutdown(socket.SHUT_WR)
        received = b""
        while piece := client.recv(65_536):
            received += piece
            head, _, body = received.partition(b"\r\n\r\n")
            if body.endswith(b"}"):
                break
    return int(head.split()[1]), json.loads(body)


def stored(site: Site) -> int:
    with psycopg.connect(site.database_url) as connection:
        return connection.execute("SELECT count(*) FROM predictions_prediction").fetchone()[0]


@pytest.mark.parametrize("form", ["application/json", "application/x-ndjson"])
def test_a_body_shorter_than_its_length_is_refused(site, key, form):
    body = BODY if form == "application/json" else LINES + b"\n" + LINES
    status, problem = answered(site, request(key, f"Content-Length: {len(body) + 10}", form=form) + body)
    assert (status, problem["code"], problem["details"]) == (400, "incomplete_body", {"missing": 10})
    assert stored(site) == 0


def test_a_body_longer_than_its_length_is_read_up_to_its_length(site, key):
    status, problem = answered(site, request(key, f"Content-Length: {len(BODY) - 5}") + BODY)
    assert (status, problem["code"]) == (400, "invalid_json")
    assert stored(site) == 0


def test_a_chunked_body_is_refused_and_not_read_as_empty(site, key):
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(LINES), LINES)
    status, problem = answered(site, request(key, "Transfer-Encoding: chunked", form="application/x-ndjson") + chunked)
    assert (status, problem["code"]) == (411, "length_required")
    assert stored(site) == 0


@pytest.mark.parametrize(
    ("form", "limit"), [("application/json", "json_bytes"), ("application/x-ndjson", "body_bytes")]
)
def test_a_length_above_the_limit_is_refused_before_the_body_arrives(site, key, form, limit):
    status, problem = answered(site, request(key, f"Content-Length: {10**12}", form=form), is_half_closed=False)
    assert (status, problem["details"]["limit"]) == (413, limit)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(1_000)) + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a\x00b\r\n\r\n",
    ],
)
def test_bytes_that_are_not_http_are_refused_or_dropped(site, sent):
    received = b""
    try:
        with connected(site) as client:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            received = client.recv(1_000)
    except TimeoutError:
        raise
    except OSError:
        pass  # the server hung up before it had read everything
    assert received == b"" or int(received.split()[1]) in range(400, 500), received
    assert httpx.get(f"{site.base_url}/healthz").status_code == 200


def test_stalled_clients_do_not_hold_up_others(site, key):
    """There are more of them than the server has threads, and none takes one."""
    before = stored(site)
    stalled = [connected(site) for _ in range(60)]
    started = time.monotonic()
    try:
        for number, client in enumerate(stalled):
            head = request(key, f"Content-Length: {len(BODY)}")
            client.sendall(head[:50] if number % 2 else head + BODY[:20])
        answer = httpx.get(f"{site.base_url}/healthz", timeout=5)
        assert answer.status_code == 200
        assert time.monotonic() - started < 1
    finally:
        for client in stalled:
            client.close()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    assert httpx.post(f"{site.base_url}{PATH}", content=BODY, headers=headers).json()["accepted"] == 1
    assert stored(site) == before + 1
