"""Calls to addresses that people give: public ones only, checked once, within bounds."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from threading import Thread
from typing import Any

import pytest
from pytest_django import Settings

from apps.common import egress
from apps.common.egress import RefusedAddressError, UnreachableError

LOOPBACK = [ip_network("127.0.0.0/8")]
PRIVATE = [
    "127.0.0.1",
    "127.1",
    "0177.0.0.1",
    "0x7f000001",
    "2130706433",
    "0.0.0.0",  # an address to refuse
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "localhost",
    "[::]",
    "[::1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:10.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::808:808]",
    "[2002:7f00:1::1]",
    "[2002:a00:1::1]",
    "[2001:0:0808:0808::f5ff:fffe]",
    "[fc00::1]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001:db8::1]",
]
MALFORMED = [
    "",
    "example.org/hook",
    "//example.org",
    "ftp://example.org",
    "file:///etc/passwd",
    "gopher://example.org",
    "https://",
    "https://:443/",
    "https://example.org:port/",
    "https://example.org:99999/",
    "https://name:word@example.org/",
    "https://example.org/#part",
    "https://example.org/a b",
    "https://example.org/\r\nX: y",
    "https://ex\u0430mple.org/",
    "https://[::1/",
    "https://example.org/" + "a" * 3000,
]


def resolving_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let every name resolve to these addresses; returns the names asked for."""
    asked: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(egress.socket, "getaddrinfo", resolve)
    return asked


@pytest.mark.parametrize("host", PRIVATE)
def test_private_addresses_are_refused_in_every_spelling(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: Any) -> None:
        pytest.fail("it was called")

    monkeypatch.setattr(egress.socket, "create_connection", connect)
    with pytest.raises(RefusedAddressError):
        egress.check(f"https://{host}/hook")
    with pytest.raises((RefusedAddressError, UnreachableError)):
        egress.post(f"https://{host}/hook", b"{}", headers={})


@pytest.mark.parametrize("url", MALFORMED)
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(RefusedAddressError):
        egress.check(url)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"])
def test_public_addresses_are_accepted(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    resolving_to(monkeypatch, address)
    egress.check("https://hooks.example.org/path?x=1")


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving_to(monkeypatch, "8.8.8.8", "10.0.0.1")
    with pytest.raises(RefusedAddressError, match="private network"):
        egress.check("https://hooks.example.org/")


def test_what_leaves_the_network_is_encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving_to(monkeypatch, "8.8.8.8")
    with pytest.raises(RefusedAddressError, match="https"):
        egress.check("http://hooks.example.org/")


def test_the_name_is_resolved_once_and_the_connection_goes_there(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, called = resolving_to(monkeypatch, "8.8.8.8"), []

    def connect(where: tuple[str, int], _seconds: float) -> None:
        called.append(where)
        raise OSError("refused")

    monkeypatch.setattr(egress.socket, "create_connection", connect)
    with pytest.raises(UnreachableError, match="refused"):
        egress.post("https://hooks.example.org/", b"", headers={})
    assert (asked, called) == (["hooks.example.org"], [("8.8.8.8", 443)])


def test_a_name_that_does_not_resolve_in_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "RESOLVE_SECONDS", 0.05)
    monkeypatch.setattr(egress.socket, "getaddrinfo", lambda *_, **__: time.sleep(0.5))
    with pytest.raises(RefusedAddressError, match="cannot be resolved"):
        egress.check("https://hooks.example.org/")


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler, bytes], None]) -> Iterator[str]:
    """Serve on loopback; `answer` writes the response to each POST."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's name
            answer(self, self.rfile.read(int(self.headers["content-length"])))

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def allowed(settings: Settings) -> None:
    settings.EGRESS_NETWORKS = LOOPBACK


def test_a_network_of_the_environment_is_called(allowed: None) -> None:
    seen: list[tuple[str, bytes, str | None]] = []

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        seen.append((handler.path, body, handler.headers["webhook-id"]))
        handler.send_response(202)
        handler.end_headers()
        handler.wfile.write(b"thanks\0" + b"x" * 5000)

    with serving(answer) as url:
        got = egress.post(f"{url}/a/b?c=d", b'{"a": 1}', headers={"webhook-id": "7"})
    assert seen == [("/a/b?c=d", b'{"a": 1}', "7")]
    assert (got.status, len(got.text), got.text[:7]) == (202, egress.MOST_OF_ANSWER, "thanks\ufffd")


def test_a_redirect_is_an_answer_and_not_followed(allowed: None) -> None:
    calls = []

    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        calls.append(handler.path)
        handler.send_response(302)
        handler.send_header("location", "/elsewhere")
        handler.end_headers()

    with serving(answer) as url:
        assert egress.post(f"{url}/here", b"", headers={}).status == 302
    assert calls == ["/here"]


@pytest.mark.parametrize("part", ["head", "body"])
def test_an_answer_that_drips_ends_in_time(part: str, allowed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "TIMEOUT_SECONDS", 0.5)

    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        start = b"HTTP/1.1 200 OK\r\n" + (b"\r\n" if part == "body" else b"X-A: ")
        try:
            handler.wfile.write(start)
            for _ in range(60):
                handler.wfile.write(b"a")
                time.sleep(0.05)
        except OSError:
            pass

    with serving(answer) as url:
        began = time.monotonic()
        with pytest.raises(UnreachableError, match="within"):
            egress.post(url, b"", headers={})
        assert time.monotonic() - began < 2


def test_nobody_there_is_said_so(allowed: None) -> None:
    with serving(lambda *_: None) as url:
        pass
    with pytest.raises(UnreachableError):
        egress.post(url, b"", headers={})


def test_a_server_without_a_certificate_of_its_name_gets_nothing(allowed: None) -> None:
    got: list[bytes] = []
    with serving(lambda _, body: got.append(body)) as url, pytest.raises(UnreachableError):
        egress.post(url.replace("http:", "https:"), b"secret", headers={})
    assert got == []
    context = egress._Secure([], "example.org", 443).tls
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
