"""Decisions, outcomes, resolutions, reports and the audit record are only ever added to."""

import pytest
from django.db import IntegrityError, connection, transaction

from tests.append_only import TABLES, rewriting

pytestmark = pytest.mark.django_db

STATEMENTS = (
    "UPDATE {table} SET id = id",
    "UPDATE {table} SET id = id WHERE false",
    "DELETE FROM {table}",
    "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT (id) DO UPDATE SET id = 0",
    "MERGE INTO {table} AS old USING (SELECT 1) ON true WHEN MATCHED THEN DELETE",
)


def run(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_these_tables_are_append_only():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'append_only' AND tgenabled = 'O'"
        )
        assert {table for (table,) in cursor.fetchall()} == {*TABLES, "audit_entry"}


@pytest.mark.parametrize("table", [*TABLES, "audit_entry"])
def test_database_refuses_to_change_or_remove_a_row(table):
    for statement in STATEMENTS:
        with pytest.raises(IntegrityError, match=f"{table} is append-only: (UPDATE|DELETE) is refused"):
            run(statement.format(table=table))


def test_only_an_empty_table_can_be_truncated():
    run("TRUNCATE predictions_outcome")
    run("INSERT INTO predictions_outcome VALUES (1, 'a', 1, now(), now(), 1, 1)")
    with pytest.raises(IntegrityError, match="predictions_outcome is append-only: TRUNCATE is refused"):
        run("TRUNCATE predictions_outcome")


def test_the_audit_record_cannot_even_be_erased():
    with rewriting(), pytest.raises(IntegrityError, match="append-only"):
        run("DELETE FROM audit_entry")
