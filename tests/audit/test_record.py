"""The chain: what is written holds, stays, and shows when it was tampered with."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection

from apps.audit import services
from apps.audit.models import Entry, hash_of

pytestmark = pytest.mark.django_db

PROJECT = 7
HERE = {"project": PROJECT, "actor": 3}


def pause(number: int = 1, **changes: Any) -> Entry:
    return services.record(**{**HERE, "act": "queue.paused", "subject": f"queue q{number}", **changes})


def forge(number: int, **changes: Any) -> None:
    """A row as somebody writes it who has the table but does not know how the chain is made."""
    previous = Entry.objects.of(PROJECT).newest().values_list("hash", flat=True).first() or ""
    fields = {"actor_id": 3, "act": "queue.paused", "subject": "queue q", "details": "{}", "previous_hash": previous}
    row = {"project_id": PROJECT, "number": number, "hash": "0" * 64, **fields, **changes}
    names = ", ".join(row)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO audit_entry (at, {names}) VALUES (now(), {', '.join(['%s'] * len(row))})", [*row.values()]
        )


def test_entries_of_a_project_are_numbered_and_each_holds_the_hash_of_the_one_before():
    first, second = pause(1), pause(2)
    elsewhere = pause(project=PROJECT + 1)
    assert (first.number, second.number, elsewhere.number) == (1, 2, 1)
    assert (first.previous_hash, second.previous_hash) == ("", first.hash)
    assert services.verify(PROJECT) is None


def test_hash_is_that_of_the_canonical_text():
    # The expected value: sha256sum of this line, by hand.
    # {"act":"queue.paused","actor_id":null,"at":"2026-03-02T09:00:00.000000+00:00","details":{"a":0.5,"b":1},"number":1,
    # "previous_hash":"","project_id":7,"subject":"queue é"}
    fields = {"project_id": 7, "number": 1, "actor_id": None, "previous_hash": "", "details": {"b": 1, "a": 0.5}}
    at = datetime.fromisoformat("2026-03-02T10:00+01:00")
    known = "adc5e697b08eabe411c3467f51d61846b7bcf4df9fb8cd0c5c37e6abe94577a7"
    assert hash_of(**fields, at=at, act="queue.paused", subject="queue é") == known
