"""The audit record: append-only entries, each chained to the one before by its hash."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from django.db import models
from django.db.models import Q

from apps.audit.querysets import EntryQuerySet


def hash_of(
    *,
    project_id: int,
    number: int,
    at: datetime,
    actor_id: int | None,
    act: str,
    subject: str,
    details: dict[str, Any],
    previous_hash: str,
) -> str:
    """Return the SHA-256, in hexadecimal, of an entry as canonical JSON: names sorted, no white space, times in UTC."""
    entry = {
        "project_id": project_id,
        "number": number,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor_id": actor_id,
        "act": act,
        "subject": subject,
        "details": details,
        "previous_hash": previous_hash,
    }
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


class Entry(models.Model):
    """One act. Project and person are plain ids: the record outlives both, and holds no names to erase.

    A trigger refuses changes and deletions (see `apps.common.append_only`).
    """

    project_id = models.BigIntegerField()
    # Counts from 1 in each project.
    number = models.BigIntegerField()
    at = models.DateTimeField()
    # Null: a key that acts for nobody, or a command on the server.
    actor_id = models.BigIntegerField(null=True)
    # A stable code such as `queue.paused`; pages put it in words.
    act = models.CharField(max_length=64)
    # The object of the act: `slot 17`, `queue main`, `person 3`.
    subject = models.TextField()
    details = models.JSONField(default=dict)
    # Empty for a project's first entry.
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    objects = EntryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project_id", "number"], name="one_entry_per_number"),
            models.CheckConstraint(condition=Q(number__gte=1), name="entries_are_numbered_from_one"),
        ]
        indexes = [models.Index(fields=["at"], name="entries_by_time")]

    def __str__(self) -> str:
        return f"{self.number}: {self.act} {self.subject}"
