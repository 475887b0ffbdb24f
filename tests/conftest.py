"""What all tests share. The servers themselves are up before this file is read: see tests/cluster.py."""

import os
from collections.abc import Iterator

import pytest
import redis
from django.db import connection
from pytest_django import Settings


@pytest.fixture(autouse=True)
def quick_passwords(settings: Settings) -> None:
    """A password's slow hash would be half of the time of most tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    """This worker's part of the real broker, empty before and after."""
    address, _, options = os.environ["REDIS_URL"].partition("?")
    path = address.removeprefix("redis+socket://")
    number = int(options.removeprefix("virtual_host=") or 0)
    client = redis.Redis(unix_socket_path=path, db=number)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


@pytest.fixture(autouse=True)
def no_payloads_of_earlier_tests(request: pytest.FixtureRequest) -> None:
    """Tests that commit are cleaned up after by Django, but for the table that is no model's own."""
    marker = request.node.get_closest_marker("django_db")
    if (marker and marker.kwargs.get("transaction")) or "live_server" in request.fixturenames:
        request.getfixturevalue("transactional_db")
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE predictions_payload")
