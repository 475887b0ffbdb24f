"""Hostile values in every address, parameter and form field: an answer below 500, on every route."""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import pytest
from django import forms

from apps.common.api import StrictSerializer
from tests.odd.conftest import Visitor, filled
from tests.odd_values import ODD, REFUSED, encoded, one_of_each
from tests.world import routes

pytestmark = pytest.mark.django_db
ROUTES = [route.pattern for route in routes()]
# The slow test is cut into parts.
PARTS = 4
READS = re.compile(r"(?:GET|POST|query|choices|data|headers)\.get\(\s*\"([\w-]+)\"")


def children(base: type) -> Iterator[type]:
    for child in base.__subclasses__():
        yield child
        yield from children(child)


@cache
def names() -> set[str]:
    """Return every name under which a page or a call reads a parameter or a form field."""
    read = {name for file in Path("apps").rglob("*.py") for name in READS.findall(file.read_text())}
    for form in children(forms.Form):
        read |= set(form.base_fields) if form.__module__.startswith("apps.") else set()
    for serializer in children(StrictSerializer):
        read |= set(serializer._declared_fields)
    return read


def parameters(route: str) -> list[str]:
    return re.findall(r"<(?:\w+:)?(\w+)>", route)


def test_the_names_are_found():
    assert {"page", "cursor", "start", "lease_token", "note", "Idempotency-Key", "email"} <= names()


@pytest.mark.slow
def test_nul_and_line_breaks_are_refused_anywhere_in_an_address(visitor, values):
    for route in ROUTES:
        for value in REFUSED:
            for name in parameters(route):
                answer = visitor.send("GET", filled(route, values, **{name: encoded(value)}))
                assert answer.status_code in {400, 404}, (route, name, value)
            address = f"{filled(route, values)}?page={encoded(value)}"
            assert visitor.send("GET", address).status_code == 400, (route, value)


def odd_requests(route: str, values: dict[str, Any], rng: Random) -> Iterator[tuple[str, str, str]]:
    """Yield calls with an odd value in each part of the path, in all parameters at once, and twice in one of them.

    Each place gets one value of each kind: on 200 routes, every value comes up dozens of times.
    """
    known = sorted(names())
    for name in parameters(route):
        for value in one_of_each(rng):
            yield "GET", filled(route, values, **{name: encoded(value)}), ""
    for value in one_of_each(rng):
        for method in ("GET", "POST"):
            yield method, filled(route, values), "&".join(f"{name}={encoded(value)}" for name in known)
        name = rng.choice(known)
        yield "GET", filled(route, values), f"{name}={encoded(value)}&{name}={encoded(rng.choice(ODD))}"


class Forms(HTMLParser):
    """The forms of a page: address, method, and the fields with their values."""

    def __init__(self, page: str, address: str) -> None:
        super().__init__()
        self.address, self.found = address, []
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


def odd_submissions(
    visitor: Visitor, address: str, rng: Random, *, tried: set[tuple[str, str, str]]
) -> Iterator[tuple[str, str, str]]:
    """Yield each form of the page with one field changed, to one value of each kind.

    The search and the menu stand on every page, and are tried on the first.
    """
    answer = visitor.send("GET", address)
    if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
        return
    for action, method, fields in Forms(answer.content.decode(), address).found:
        for name in fields:
            if (method, action, name) in tried:
                continue
            tried.add((method, action, name))
            for value in one_of_each(rng):
                sent = {each: quote(content) for each, content in fields.items()} | {name: encoded(value)}
                yield method.upper(), action, "&".join(f"{quote(each)}={content}" for each, content in sent.items())


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_odd_in_an_address_or_a_form_is_an_error_of_ours(visitor, values, part):
    tried: set[tuple[str, str, str]] = set()
    for route in ROUTES[part::PARTS]:
        rng = Random(route)
        submissions = odd_submissions(visitor, filled(route, values), rng, tried=tried)
        odd = (*odd_requests(route, values, rng), *submissions)
        for method, address, query in odd:
            visitor.send(method, f"{address}?{query}", query)
    assert visitor.failed == []
