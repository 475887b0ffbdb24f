"""Fixtures of all tests. The servers are running before this file is read: see tests/cluster.py."""

import gc
import os
import time
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import redis
from django.contrib import auth
from django.db import connection, transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from django.http import HttpRequest
from pytest_django import Settings

from apps.accounts.pages import session_age
from apps.common.broker import plain_url
from tests.append_only import rewriting

# Loaded modules are a heap of millions of objects: scanning them again and again would take a seventh of the time.
# Rows of large frames count as objects until they are gone, so a low threshold would scan them for nothing.
gc.set_threshold(300_000, 20, 50)

# How long a busy machine takes to make an example says nothing about the product.
hypothesis.settings.register_profile("suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("suite")

# Written once, with the tables.
FILLED_FOR_GOOD = {"django_content_type", "auth_permission", "django_migrations", "notifications_lookout"}
# They belong to no model, or to none that Django manages.
UNMANAGED = {"predictions_payload", "common_cache"}
# How long requests of closed pages may take, and how often in a row none is seen before they count as over.
PATIENCE_SECONDS = 5.0
QUIET_LOOKS = 3
BUSY = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
"""


def pytest_collection_finish() -> None:
    """Never scan again what has been loaded by now."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def fast_passwords(settings: Settings) -> None:
    """Use a fast hash: hashing passwords slowly would take half of the time of most tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def no_scan_of_static_files(settings: Settings) -> None:
    """Look static files up when they are asked for: every client would list them all."""
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True)
def sessions_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `force_login` begin sessions that have been seen, so that a page's queries are counted without theirs."""
    login = auth.login

    def login_and_see(request: HttpRequest, user: Any, backend: str | None = None) -> None:
        login(request, user, backend)
        request.session.update(dict.fromkeys((session_age.STARTED, session_age.SEEN), time.time()))

    monkeypatch.setattr(auth, "login", login_and_see)


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
    """Empty the tables that have rows after a test that commits: Django's TRUNCATE of all takes half a second.

    The tests own the tables, append-only ones included, so they may empty them. Foreign keys are checked at the end.
    """
    marker = request.node.get_closest_marker("django_db")
    commits = (marker and marker.kwargs.get("transaction")) or "live_server" in request.fixturenames
    if commits:
        request.getfixturevalue("transactional_db")
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE predictions_payload, common_cache")
    yield
    if commits:
        if "live_server" in request.fixturenames:
            _wait_for_requests()
        _empty_tables()


def _empty_tables() -> None:
    filled = _filled()
    if "audit_entry" in filled:
        filled.remove("audit_entry")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER append_only")
            cursor.execute("DELETE FROM audit_entry")
            cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER append_only")
    with transaction.atomic(), rewriting(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for table in filled:
            cursor.execute(f'DELETE FROM "{table}"')  # the names of our own tables


def _filled() -> list[str]:
    """Return the tables that have rows, without those that migrations fill."""
    tables = sorted({*connection.introspection.django_table_names(only_existing=True), *UNMANAGED} - FILLED_FOR_GOOD)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{each}' WHERE EXISTS (SELECT FROM \"{each}\")" for each in tables))
        return [table for (table,) in cursor.fetchall()]


def _flush_if_filled(operations: DatabaseOperations, *arguments: Any, **options: Any) -> list[str]:
    """Let Django truncate only where `clean_tables` has left something."""
    return _sql_flush(operations, *arguments, **options) if _filled() else []


_sql_flush = DatabaseOperations.sql_flush
DatabaseOperations.sql_flush = _flush_if_filled  # type: ignore[method-assign]  # Django has no hook for it


def _wait_for_requests() -> None:
    """Wait until no request of a closed page is still at work in the database: emptying tables would meet its locks."""
    until, quiet = time.monotonic() + PATIENCE_SECONDS, 0
    with connection.cursor() as cursor:
        while quiet < QUIET_LOOKS and time.monotonic() < until:
            cursor.execute(BUSY)
            quiet = 0 if cursor.fetchone()[0] else quiet + 1
            time.sleep(0.02)
