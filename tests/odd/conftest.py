"""A visitor who may do everything, and sends anything."""

import logging
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from tests.factories import make_key
from tests.world import World

FORM = "application/x-www-form-urlencoded"


def filled(route: str, values: dict[str, Any], **changed: str) -> str:
    """Return the address with these values, of which `changed` are encoded already."""
    values = {name: quote(str(value)) for name, value in values.items()} | {"token": "t" * 43} | changed
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda part: values.get(part[1], "1"), route)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def values(world: World) -> dict[str, Any]:
    return {**world.values, "project": world.project.slug}


class Visitor:
    """An owner's browser that also sends a key. What a request changes is undone, cookies included."""

    def __init__(self, world: World) -> None:
        owner = world.member.user
        self.client = Client(raise_request_exception=False)
        self.client.force_login(owner)
        session = self.client.cookies["sessionid"].value
        key = make_key(world.project, acts_for=owner)[1]
        self.headers = {"authorization": f"Bearer {key}", "cookie": f"sessionid={session}"}
        self.failed: list[tuple[object, ...]] = []

    def send(self, method: str, address: str, body: bytes | str = b"", **more: Any) -> HttpResponse:
        headers = self.headers | more.pop("headers", {})
        self.client.cookies.clear()
        with transaction.atomic():
            answer = self.client.generic(method, address, body, headers=headers, **{"content_type": FORM, **more})
            transaction.set_rollback(True)
        if answer.status_code >= 500:
            self.failed.append((method, address[:300], body[:300], more, answer.status_code))
        return answer


@pytest.fixture
def visitor(world: World, settings: Settings) -> Iterator[Visitor]:
    settings.REQUESTS_PER_MINUTE = 0
    logging.disable(logging.CRITICAL)
    yield Visitor(world)
    logging.disable(logging.NOTSET)
