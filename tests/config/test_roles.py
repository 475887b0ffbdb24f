"""A deployment with two roles: the application's works with all of the product, and cannot rewrite history."""

import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from celery import current_app
from django.conf import settings
from django.db import connection
from django.utils import timezone
from psycopg import errors

from apps.accounts.models import Role
from apps.predictions.services import partitions
from apps.reports import services as reports
from apps.reports.models import Report
from apps.review.models import Decision
from apps.truth.models import Resolution
from config.local.postgres import find_binaries
from config.local.state import PROJECT_ROOT
from tests.append_only import TABLES
from tests.factories import push_outcomes
from tests.review.factories import answer, make_items, make_queue, reviewers

pytestmark = pytest.mark.django_db(transaction=True)

APP = "countersign_app"


def dsn(user: str) -> dict[str, Any]:
    given = connection.settings_dict
    return {"host": given["HOST"], "port": given["PORT"] or None, "dbname": given["NAME"], "user": user}


@pytest.fixture
def as_app() -> Iterator[None]:
    """Connect the product under the role that `config/roles.sql` makes."""
    owner = connection.settings_dict["USER"]
    with psycopg.connect(**dsn("postgres"), autocommit=True) as server:
        # The tests' owner may make no roles. Other workers may be here at the same time.
        server.execute("SELECT pg_advisory_lock(0)")
        if not server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP]).fetchone():
            server.execute(f"CREATE ROLE {APP} LOGIN")
    where = dsn(owner)
    command = [str(find_binaries() / "psql"), "-h", where["host"], "-U", owner, "-d", where["dbname"], "-q"]
    environment = os.environ | {"POSTGRES_APP_PASSWORD": "secret"}
    subprocess.run([*command, "-f", str(PROJECT_ROOT / "config/roles.sql")], env=environment, check=True)
    switch_to(APP)
    yield
    switch_to(owner)


def switch_to(user: str) -> None:
    connection.close()
    connection.settings_dict["USER"] = user


def ring_all() -> None:
    """Run every task that beat rings."""
    current_app.loader.import_default_modules()
    for bell in settings.CELERY_BEAT_SCHEDULE:
        current_app.tasks[bell]()


@pytest.fixture
def reviewed(as_app: None) -> Any:
    """One case, from push to report, under the application's role."""
    queue = make_queue()
    (item,) = make_items(queue)
    (anna,) = reviewers(queue, 1, Role.OWNER)
    answer(queue, anna)
    occurred = {"occurred_at": "2026-03-20T00:00:00Z"}
    push_outcomes(queue.model, [{"id": item.prediction.external_id, "outcome": "yes", **occurred}])
    ring_all()
    today = timezone.now().date()
    reports.request_report(queue.model, "performance", today - timedelta(days=2), today)
    ring_all()
    return queue


@pytest.mark.slow
def test_the_product_works_under_the_role_of_the_application(reviewed, settings):
    assert (Decision.objects.count(), Resolution.objects.count(), Report.objects.count()) == (2, 1, 1)
    old = timezone.now() - timedelta(days=400)
    partitions.ensure_month(old)
    assert partitions.month_of(old) in partitions.months()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {partitions.name_of(partitions.month_of(old))}")
        assert cursor.fetchone() == (0,), "what the owner makes later is open to the application too"
    settings.PAYLOAD_DAYS = 30
    ring_all()
    assert partitions.month_of(old) not in partitions.months()
    assert partitions.month_of(timezone.now()) in partitions.months()


@pytest.mark.slow
def test_nothing_lets_the_application_rewrite_history(reviewed):
    refused = errors.RestrictViolation
    forbidden = errors.InsufficientPrivilege
    for table in TABLES:
        for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
            attempt(refused, statement)
            attempt(refused, "SET countersign.erasing = 'on'", statement)
            attempt(refused, *POSING_AS_OWNER, statement.replace(table, f"public.{table}"))
            attempt(forbidden, "SET session_replication_role = replica", statement)
            attempt(forbidden, "SET ROLE countersign", statement)
        attempt(forbidden, f"TRUNCATE {table} CASCADE")
    for table in (*TABLES, "audit_entry"):
        for statement in (
            f"ALTER TABLE {table} DISABLE TRIGGER append_only",
            f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            f"DROP TRIGGER append_only ON {table}",
            f"CREATE RULE leave AS ON INSERT TO {table} DO INSTEAD NOTHING",
            f"ALTER TABLE {table} OWNER TO {APP}",
            f"DROP TABLE {table} CASCADE",
        ):
            attempt(forbidden, statement)
    for statement in (
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "ALTER FUNCTION refuse_change() RENAME TO refuse_nothing",
        "DROP FUNCTION refuse_change() CASCADE",
        "CREATE OR REPLACE FUNCTION erase(entry_id bigint) RETURNS text LANGUAGE sql AS 'DELETE FROM reports_report'",
        "ALTER FUNCTION erase(bigint) RESET ALL",
        "DROP TABLE predictions_payload",
    ):
        attempt(forbidden, statement)


# A table that answers in the place of the catalog's own.
POSING_AS_OWNER = (
    "SET countersign.erasing = 'on'",
    "CREATE TEMP TABLE pg_class AS SELECT c.oid, current_user::regrole::oid AS relowner FROM pg_catalog.pg_class AS c",
    "SET search_path = pg_temp, pg_catalog",
)


def attempt(error: type[psycopg.Error], *statements: str) -> None:
    """Run the statements as somebody who holds the application's password."""
    with psycopg.connect(**dsn(APP)) as attacker, pytest.raises(error):
        attacker.execute(";".join(statements))


@pytest.mark.slow
def test_erasing_wants_an_entry_of_its_own_transaction_and_an_empty_model(reviewed):
    kept = Report.objects.count()
    with psycopg.connect(**dsn(APP)) as attacker:
        (entry,) = attacker.execute(ENTRY, [reviewed.model_id]).fetchone()
        assert attacker.execute("SELECT erase(%s)", [entry]).fetchone() == ("predictions",)
        attacker.commit()
        with pytest.raises(errors.RestrictViolation, match="announces no deletion in this transaction"):
            attacker.execute("SELECT erase(%s)", [entry])
    attempt(errors.RestrictViolation, "SELECT erase(0)")
    assert Report.objects.count() == kept


ENTRY = """
    INSERT INTO audit_entry (project_id, number, at, act, subject, details, previous_hash, hash)
    SELECT project_id, 1000, now(), 'model.deleted', '', jsonb_build_object('model', id), '', ''
    FROM registry_monitoredmodel WHERE id = %s RETURNING id
"""
