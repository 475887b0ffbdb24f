"""Hostile values in every address, parameter, form field, header and cookie: an answer below 500, on every route."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import pytest
from django import forms
from django.db import transaction
from django.test import Client

from apps.common.api import StrictSerializer
from tests.factories import make_key
from tests.world import World, routes

pytestmark = pytest.mark.django_db
# PostgreSQL, headers or logs cannot hold these.
REFUSED = (b"\0", b"a\0b", b"a\nb", b"a\rb", b"a\r\nSet-Cookie: a=b")
ODD = (
    b"", b" ", b"\xff", b"\xed\xa0\x80", "\ufffe\u202e".encode(), b"\x01", b"x" * 3_000, b"-1", b"0", b"1e400", b"NaN",
    b"9" * 18, b"9" * 19, b"9" * 40, b"9" * 5_000, "٣".encode(), b"1_0", b"null", b"[]", b"{}", b"'\"`;--", b"%s%n",
    b"..", b"//x", b"<b>", b"2026-02-30", b"0001-01-01", b"9999-12-31", b"99999-01-01", b"9999-12-31T23:59:59-14:00",
)  # fmt: skip
ROUTES = [route.pattern for route in routes()]
FORM = "application/x-www-form-urlencoded"
READS = re.compile(r"(?:GET|POST|query|choices|data|headers)\.get\(\s*\"([\w-]+)\"")


def encoded(value: bytes) -> str:
    return quote(value, safe="")


def children(base: type) -> Iterator[type]:
    for child in base.__subclasses__():
        yield child
        yield from children(child)


def names() -> set[str]:
    """Return every name under which a page or a call reads a parameter or a form field."""
    read = {name for file in Path("apps").rglob("*.py") for name in READS.findall(file.read_text())}
    for form in children(forms.Form):
        read |= set(form.base_fields) if form.__module__.startswith("apps.") else set()
    for serializer in children(StrictSerializer):
        read |= set(serializer._declared_fields)
    return read


def filled(route: str, values: dict[str, Any], **changed: str) -> str:
    """Return the address with these values, of which `changed` are encoded already."""
    values = {name: quote(str(value)) for name, value in values.items()} | {"token": "t" * 43} | changed
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda part: values.get(part[1], "1"), route)


def parameters(route: str) -> list[str]:
    return re.findall(r"<(?:\w+:)?(\w+)>", route)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def values(world: World) -> dict[str, Any]:
    return {**world.values, "project": world.project.slug}


@pytest.fixture
def client(world: World) -> Client:
    """An owner's browser that also sends a key."""
    client = Client(
        raise_request_exception=False,
        headers={"authorization": f"Bearer {make_key(world.project, acts_for=world.member.user)[1]}"},
    )
    client.force_login(world.member.user)
    return client


def test_the_names_are_found():
    assert {"page", "cursor", "start", "lease_token", "note", "Idempotency-Key", "email"} <= names()


def test_nul_and_line_breaks_are_refused_anywhere_in_an_address(client, values):
    for route in ROUTES:
        for value in REFUSED:
            for name in parameters(route):
                answer = client.get(filled(route, values, **{name: encoded(value)}))
                assert answer.status_code in {400, 404}, (route, name, value)
            assert client.get(filled(route, values) + f"?page={encoded(value)}").status_code == 400, (route, value)


def odd_requests(route: str, values: dict[str, Any], rng: Random) -> Iterator[tuple[str, str]]:
    """Yield addresses with an odd value in each part of the path, in all parameters at once, and in one of them."""
    known = sorted(names())
    for value in (*REFUSED, *ODD):
        for name in parameters(route):
            yield filled(route, values, **{name: encoded(value)}), ""
        yield filled(route, values), "&".join(f"{name}={encoded(value)}" for name in known)
        for name in rng.sample(known, 2):
            yield filled(route, values), f"{name}={encoded(value)}"


class Forms(HTMLParser):
    """The forms of a page: address, method, and the fields with their values."""

    def __init__(self, page: str, address: str) -> None:
        super().__init__()
        self.address, self.found, self.area = address, [], ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((given.get("action") or self.address, given.get("method", "get").lower(), {}))
        elif self.found and given.get("name") and tag in {"input", "select", "textarea", "button"}:
            fields = self.found[-1][2]
            if given.get("type") not in {"radio", "checkbox"} or "checked" in given:
                fields[given["name"]] = given.get("value", "")
            fields.setdefault(given["name"], "")


def odd_submissions(client: Client, address: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield each form of the page with one field changed."""
    answer = client.get(address)
    if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
        return
    for action, method, fields in Forms(answer.content.decode(), address).found:
        for name, value in product(fields, (*REFUSED, *ODD)):
            yield method, action, {**fields, name: value.decode(errors="surrogateescape")}


@pytest.mark.slow
@pytest.mark.parametrize("route", ROUTES)
def test_nothing_odd_in_an_address_or_a_form_is_an_error_of_ours(client, values, route):
    failed = []
    for address, query in odd_requests(route, values, Random(route)):
        answers = [client.get(f"{address}?{query}"), client.post(address, query, content_type=FORM)]
        failed += [(address[:200], query[:200]) for answer in answers if answer.status_code >= 500]
    for method, action, fields in odd_submissions(client, filled(route, values)):
        body = "&".join(f"{name}={encoded(value.encode(errors='surrogateescape'))}" for name, value in fields.items())
        with transaction.atomic():
            sent = client.post(action, body, content_type=FORM) if method == "post" else client.get(f"{action}?{body}")
            transaction.set_rollback(True)
        if sent.status_code >= 500:
            failed.append((method, action, body[:300]))
    assert not failed
