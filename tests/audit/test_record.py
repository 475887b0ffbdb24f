"""The chain: what is written holds and stays, and shows where it was tampered with."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.migrations.state import ProjectState
from django.db.transaction import TransactionManagementError

from apps.audit import services
from apps.audit.models import Entry, hash_of
from apps.common.append_only import AppendOnly
from tests.hostile import TEXTS

pytestmark = pytest.mark.django_db

PROJECT = 7


def pause(**changes: Any) -> Entry:
    return services.record(**{"project": PROJECT, "actor": 3, "act": "queue.paused", "subject": "queue q", **changes})


def behind_the_trigger(statement: str) -> None:
    """What only the table's owner can do, and does not do by accident."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER append_only")
        cursor.execute(statement)
        cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER append_only")


def test_entries_of_a_project_are_numbered_and_each_holds_the_hash_of_the_one_before():
    first, second = pause(), pause()
    elsewhere = pause(project=PROJECT + 1)
    assert (first.number, second.number, elsewhere.number) == (1, 2, 1)
    assert (first.previous_hash, second.previous_hash, elsewhere.previous_hash) == ("", first.hash, "")
    assert services.verify(PROJECT) is None


def test_hash_is_that_of_the_canonical_text():
    # The expected value: sha256sum of this text by hand, without the break.
    # {"act":"queue.paused","actor_id":null,"at":"2026-03-02T09:00:00.000000+00:00","details":{"a":0.5,"b":1},
    # "number":1,"previous_hash":"","project_id":7,"subject":"queue é"}
    fields = {"project_id": 7, "number": 1, "actor_id": None, "previous_hash": "", "details": {"b": 1, "a": 0.5}}
    at = datetime.fromisoformat("2026-03-02T10:00+01:00")
    known = "adc5e697b08eabe411c3467f51d61846b7bcf4df9fb8cd0c5c37e6abe94577a7"
    assert hash_of(**fields, at=at, act="queue.paused", subject="queue é") == known


@pytest.mark.parametrize(
    "value",
    [1.0, 1e22, -0.0, 1e-7, 5e-324, 1.7e308, 0.1, 2**80, True, None, Decimal("0.10"), datetime(2026, 3, 2, tzinfo=UTC)],
)
def test_details_hash_the_same_when_they_come_back(value):
    pause(details={"value": value, "inside": [{"value": value}]})
    assert services.verify(PROJECT) is None


# No column of ours can hold a NUL, so no name of anything has one.
@pytest.mark.parametrize("text", [text for text in TEXTS if "\x00" not in text])
def test_any_text_is_recorded_as_it_is(text):
    pause(subject=text, details={text: text})
    entry = Entry.objects.get()
    assert (entry.subject, entry.details) == (text, {text: text})
    assert services.verify(PROJECT) is None


def test_project_without_entries_has_nothing_broken():
    assert services.verify(PROJECT) is None


def test_act_that_fails_leaves_no_entry():
    with transaction.atomic():
        pause()
        transaction.set_rollback(True)
    assert not Entry.objects.exists()
    assert pause().number == 1


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_outside_of_a_transaction():
    with pytest.raises(TransactionManagementError, match="inside the act's transaction"):
        pause()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET subject = 'queue other'",
        "UPDATE audit_entry SET subject = 'queue other' WHERE false",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "INSERT INTO audit_entry SELECT * FROM audit_entry ON CONFLICT (id) DO UPDATE SET subject = ''",
    ],
)
def test_database_refuses_to_change_or_remove_an_entry(statement):
    entry = pause()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Entry.objects.get().subject == entry.subject


def test_database_refuses_a_number_twice():
    entry = pause()
    with pytest.raises(IntegrityError, match="one_entry_per_number"), transaction.atomic():
        Entry.objects.create(project_id=PROJECT, number=1, at=entry.at, act="x", subject="", hash="0" * 64)


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit_entry SET subject = 'queue other' WHERE number = 2", 2),
        ("UPDATE audit_entry SET actor_id = NULL WHERE number = 2", 2),
        ("UPDATE audit_entry SET details = '{\"n\": 2}' WHERE number = 3", 3),
        ("UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE number = 1", 1),
        ("UPDATE audit_entry SET hash = repeat('0', 64) WHERE number = 4", 4),
        ("UPDATE audit_entry SET previous_hash = '' WHERE number = 2", 2),
        ("DELETE FROM audit_entry WHERE number = 1", 1),
        ("DELETE FROM audit_entry WHERE number = 3", 3),
        ("DELETE FROM audit_entry WHERE number = 3; UPDATE audit_entry SET number = 3 WHERE number = 4", 3),
    ],
)
def test_verify_names_the_first_entry_that_was_tampered_with(statement, broken, monkeypatch):
    monkeypatch.setattr(services, "AT_ONCE", 2)
    for _ in range(4):
        pause(details={"n": 1})
    assert services.verify(PROJECT) is None
    behind_the_trigger(statement)
    assert services.verify(PROJECT) == broken


def test_verify_finds_an_entry_that_was_put_in_between():
    first = pause()
    behind_the_trigger("UPDATE audit_entry SET number = 3")
    fields = {"project_id": PROJECT, "at": first.at, "actor_id": 9, "act": "x", "subject": "", "details": {}}
    for number, previous in ((1, ""), (2, "0" * 64)):
        row = {**fields, "number": number, "previous_hash": previous}
        Entry.objects.create(**row, hash=hash_of(**row))
    # The first of the two is a chain of its own; the second does not follow from it.
    assert services.verify(PROJECT) == 2


def test_newest_entries_can_be_verified_alone():
    for _ in range(5):
        pause()
    behind_the_trigger("UPDATE audit_entry SET subject = 'queue other' WHERE number = 2")
    assert services.verify(PROJECT, newest=3) is None
    assert services.verify(PROJECT, newest=4) == 2
    assert services.verify(PROJECT, newest=100) == 2


def test_verify_audit_says_how_each_project_stands(capsys):
    pause()
    last = pause()
    pause(project=PROJECT + 1)
    call_command("verify_audit")
    said = capsys.readouterr().out.splitlines()
    assert said == [
        f"Project 7: 2 entries, whole. The newest has the hash {last.hash}.",
        f"Project 8: 1 entry, whole. The newest has the hash {Entry.objects.get(project_id=8).hash}.",
    ]


def test_verify_audit_fails_where_a_chain_is_broken(capsys):
    pause()
    pause(project=PROJECT + 1)
    behind_the_trigger(f"UPDATE audit_entry SET act = 'x' WHERE project_id = {PROJECT}")
    with pytest.raises(CommandError, match="1 of 2 records is broken") as raised:
        call_command("verify_audit")
    assert raised.value.returncode == 1
    assert "Project 7: broken at entry 1." in capsys.readouterr().out


def test_verify_audit_says_that_nothing_was_recorded(capsys):
    call_command("verify_audit")
    assert capsys.readouterr().out == "Nothing recorded yet.\n"


def test_trigger_can_be_taken_off_and_put_on_again():
    pause()
    state, operation = ProjectState(), AppendOnly("audit_entry", is_erasable=False)
    with connection.schema_editor() as editor:
        operation.database_backwards("audit", editor, state, state)
        Entry.objects.all().delete()
        operation.database_forwards("audit", editor, state, state)
    pause()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Entry.objects.all().delete()
