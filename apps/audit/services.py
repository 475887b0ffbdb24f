"""Writing the audit record, and verifying that it is whole."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db.transaction import TransactionManagementError

from apps.audit.models import Entry, hash_of
from apps.common.clock import database_now

AT_ONCE = 2_000
HASHED = ("project_id", "number", "at", "actor_id", "act", "subject", "details", "previous_hash")


def record(*, project: int, actor: int | None, act: str, subject: str, details: dict[str, Any] | None = None) -> Entry:
    """Add an entry inside the caller's transaction: the act and its entry commit together or not at all.

    Call it last: until the commit, everybody else who records in this project waits.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("An act and its entry commit together: record inside the act's transaction.")
    with connection.cursor() as cursor:
        # A statement of its own: the next one must read after the lock is ours.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('audit', %s))", [project])
    number, previous_hash = Entry.objects.of(project).newest().values_list("number", "hash").first() or (0, "")
    fields: dict[str, Any] = {
        "project_id": project,
        "number": number + 1,
        "at": database_now(),
        "actor_id": actor,
        "act": act,
        "subject": subject,
        "details": as_stored(details or {}),
        "previous_hash": previous_hash,
    }
    return Entry.objects.create(**fields, hash=hash_of(**fields))


def as_stored(details: dict[str, Any]) -> dict[str, Any]:
    """Return the details as the database gives them back, which is what the hash covers.

    `jsonb` keeps numbers as decimals: 1e22 comes back as a whole number, and minus zero as zero.
    """
    text = json.dumps(details, cls=DjangoJSONEncoder, allow_nan=False)
    stored: dict[str, Any] = json.loads(text, parse_float=_number)
    return stored


def _number(digits: str) -> int | float:
    value = float(digits)
    return int(value) if value.is_integer() else value


def verify(project: int, *, newest: int | None = None) -> int | None:
    """Return the number of the first entry that is missing or changed; None where the chain is whole.

    With `newest`, only that many entries are checked, and the one before them is trusted.
    """
    entries = Entry.objects.of(project)
    last = entries.newest().values_list("number", flat=True).first() or 0
    skipped = max(last - newest, 0) if newest is not None else 0
    previous_hash = entries.filter(number=skipped).values_list("hash", flat=True).first() or ""
    expected = skipped + 1
    rows = entries.filter(number__gt=skipped).order_by("number").values_list(*HASHED, "hash")
    for *values, stored_hash in rows.iterator(chunk_size=AT_ONCE):
        fields: dict[str, Any] = dict(zip(HASHED, values, strict=True))
        is_next = fields["number"] == expected and fields["previous_hash"] == previous_hash
        if not is_next or stored_hash != hash_of(**fields):
            return expected
        expected, previous_hash = expected + 1, stored_hash
    return None
