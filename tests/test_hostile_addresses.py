"""Hostile values in every address, parameter, form field, header and cookie: an answer below 500, on every route."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django import forms
from django.test import Client

from apps.common.api import StrictSerializer
from tests.factories import make_key
from tests.odd_values import REFUSED, encoded
from tests.world import World, routes

pytestmark = pytest.mark.django_db
ROUTES = [route.pattern for route in routes()]
FORM = "application/x-www-form-urlencoded"
READS = re.compile(r"(?:GET|POST|query|choices|data|headers)\.get\(\s*\"([\w-]+)\"")


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
