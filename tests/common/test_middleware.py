"""Who sent a request, what it may contain, and how its answer may be kept."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from apps.common.middleware import NoStoreMiddleware, ProxyMiddleware
from tests.factories import make_key, make_member, make_project


def seen(proxies: int, settings: LazySettings, **sent: str) -> tuple[str, bool]:
    """Return the client's address and whether the request is secure, as the views see them."""
    settings.TRUSTED_PROXIES = proxies
    found: list[tuple[str, bool]] = []

    def view(request: HttpRequest) -> HttpResponse:
        found.append((request.META["REMOTE_ADDR"], request.is_secure()))
        return HttpResponse()

    headers = {f"x-forwarded-{name}": value for name, value in sent.items()}
    ProxyMiddleware(view)(RequestFactory().get("/", headers=headers, REMOTE_ADDR="10.0.0.1"))
    return found[0]


@pytest.mark.parametrize(
    ("proxies", "sent", "expected"),
    [
        (0, {"for": "192.0.2.7", "proto": "https"}, ("10.0.0.1", False)),
        (1, {}, ("10.0.0.1", False)),
        (1, {"proto": "https"}, ("10.0.0.1", False)),
        (1, {"for": "192.0.2.7", "proto": "https"}, ("192.0.2.7", True)),
        (1, {"for": "192.0.2.7", "proto": "http"}, ("192.0.2.7", False)),
        # The client sent the first entry itself.
        (1, {"for": "192.0.2.66, 192.0.2.7", "proto": "https, http"}, ("192.0.2.7", False)),
        (2, {"for": "192.0.2.66,192.0.2.7, 10.0.0.9", "proto": "https,http"}, ("192.0.2.7", True)),
        # One proxy was passed by.
        (2, {"for": "192.0.2.7", "proto": "https"}, ("10.0.0.1", False)),
        (1, {"for": "unknown"}, ("10.0.0.1", False)),
        (1, {"for": "2001:db8::7", "proto": "https"}, ("2001:db8::7", True)),
    ],
)
def test_only_trusted_proxies_say_where_a_request_comes_from(
    settings: LazySettings, proxies: int, sent: dict[str, str], expected: tuple[str, bool]
) -> None:
    assert seen(proxies, settings, **sent) == expected


@pytest.mark.django_db
def test_no_page_and_no_call_is_stored_by_a_cache(client: Client) -> None:
    member = make_member(make_project("office"))
    key = make_key(member.project)[1]
    client.force_login(member.user)
    for address in ("/", "/p/office/", "/p/nowhere/", "/nowhere/", "/api/v1/limits", "/healthz", "/?a=%00"):
        answer = client.get(address, headers={"authorization": f"Bearer {key}"})
        assert answer["Cache-Control"] == "no-store", address
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == "same-origin"
        assert "default-src 'self'" in answer["Content-Security-Policy"]


def test_a_policy_of_its_own_stays_and_static_files_may_be_cached(client: Client) -> None:
    own = NoStoreMiddleware(lambda _request: HttpResponse(headers={"Cache-Control": "max-age=60"}))
    assert own(RequestFactory().get("/"))["Cache-Control"] == "max-age=60"
    assert "max-age" in client.get("/static/favicon.svg")["Cache-Control"]


@pytest.mark.parametrize("given", [{"path": "/%00"}, {"path": "/a%0d%0ab"}, {"QUERY_STRING": "a=%00"}])
def test_nul_and_line_breaks_are_refused(client: Client, given: dict[str, Any]) -> None:
    assert client.get(**{"path": "/", **given}).status_code == 400


def test_headers_and_cookies_are_checked_too(client: Client) -> None:
    assert client.get("/", headers={"idempotency-key": "a\0b"}).status_code == 400
    # A quoted cookie may hold any character as an octal escape.
    assert client.get("/", headers={"cookie": r'sessionid="\000aaaaaaaa"'}).status_code == 400
    refusal = client.get("/api/v1/models/a%00b")
    assert (refusal.status_code, refusal.json()["code"]) == (400, "bad_request")
