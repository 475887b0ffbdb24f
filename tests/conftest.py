"""Fixtures of all tests. The servers are running before this file is read: see tests/cluster.py."""

import os
from collections.abc import Iterator

import pytest
import redis
from django.db import connection, transaction
from pytest_django import Settings

from apps.common.broker import plain_url
from tests import append_only
from tests.append_only import rewriting


@pytest.fixture(autouse=True)
def fast_passwords(settings: Settings) -> None:
    """Use a fast hash: hashing passwords slowly would take half of the time of most tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    """This worker's part of the real broker, empty before and after the test."""
    client = redis.Redis.from_url(plain_url(os.environ["REDIS_URL"]))
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


@pytest.fixture(autouse=True)
def clean_tables(request: pytest.FixtureRequest) -> Iterator[None]:
    """Empty the tables that Django does not clean after a test that commits.

    One belongs to no model. The others are append-only: the tests own the tables, so they may empty them. Django's own
    TRUNCATE then finds them empty and passes.
    """
    marker = request.node.get_closest_marker("django_db")
    commits = (marker and marker.kwargs.get("transaction")) or "live_server" in request.fixturenames
    if commits:
        request.getfixturevalue("transactional_db")
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE predictions_payload")
    yield
    if commits:
        with transaction.atomic(), rewriting(), connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(append_only.TABLES)} CASCADE")
            cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER append_only")
            cursor.execute("TRUNCATE audit_entry")
            cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER append_only")
