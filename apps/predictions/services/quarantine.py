"""Quarantine: rejected rows, kept for a while with their reason. `replaying` tries them again."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.common.clock import database_now
from apps.common.paging import keyset_page
from apps.predictions.models import BatchKind, RejectedCount, RejectedRow, RejectedState
from apps.predictions.querysets import RejectedRowQuerySet
from apps.predictions.reading.rejections import Rejection, tellable
from apps.predictions.services.copying import binary, copy_lines, text
from apps.registry.models import MonitoredModel

COLUMNS = "model_id, kind, received_at, index, external_id, code, field, message, raw, is_cut, left_out, state"
MAX_ROWS = 1_000
MAX_RAW_BYTES = 16 * 1024
MAX_MESSAGE = 2_000
EXPIRED_AT_ONCE = 5_000
# The counts outlive the rows.
COUNT_DAYS = 90


class Keeper:
    """Keeps the first thousand rejected rows of a push, and the number of the others, in the push's transaction."""

    def __init__(self, model: MonitoredModel, kind: BatchKind) -> None:
        self.model, self.kind = model, kind
        self.kept = self.left_out = 0
        self.by_code: Counter[str] = Counter()
        self.received_at: datetime | None = None

    def keep(self, rejected: list[tuple[Rejection, bytes]]) -> None:
        """Keep rejected rows as they were sent."""
        self.by_code.update(each.code for each, _ in rejected)
        room = MAX_ROWS - self.kept
        self.left_out += max(len(rejected) - room, 0)
        if not (fitting := rejected[:room]):
            return
        self.received_at = self.received_at or database_now()
        self.kept += len(fitting)
        copy_lines("predictions_rejectedrow", COLUMNS, (self._line(each, raw) for each, raw in fitting))

    def finish(self) -> None:
        """Store the counts by reason, and on the last kept row how many further ones were not kept."""
        if self.received_at:
            RejectedCount.objects.bulk_create(
                RejectedCount(model=self.model, kind=self.kind, received_at=self.received_at, code=code, rows=rows)
                for code, rows in self.by_code.items()
            )
        if self.left_out and self.received_at:
            kept = RejectedRow.objects.filter(model=self.model, kind=self.kind, received_at=self.received_at)
            RejectedRow.objects.filter(pk=kept.latest("pk").pk).update(left_out=self.left_out)

    def _line(self, rejection: Rejection, raw: bytes) -> str:
        assert self.received_at is not None
        why = reason(rejection)
        return (
            f"{self.model.pk}\t{self.kind}\t{self.received_at.isoformat()}\t{rejection.index}\t"
            f"{text(_storable(rejection.id))}\t{text(why['code'])}\t{text(why['field'])}\t{text(why['message'])}\t"
            f"{binary(raw[:MAX_RAW_BYTES])}\t{len(raw) > MAX_RAW_BYTES}\t0\t{RejectedState.WAITING}"
        )


def reason(rejection: Rejection) -> dict[str, str | None]:
    """The columns that hold the reason."""
    return {
        "code": rejection.code,
        "field": _storable(rejection.field),
        "message": _storable(rejection.message) or "",
    }


def _storable(value: str | None) -> str | None:
    """Make a text, which may quote any row, storable in PostgreSQL."""
    return None if value is None else tellable(value[:MAX_MESSAGE])


def chosen(model: MonitoredModel, *, code: str = "", kind: str = "", state: str = "waiting") -> RejectedRowQuerySet:
    """The model's rejected rows in a state, optionally of one code or kind."""
    wanted = {"state": state} | ({"code": code} if code else {}) | ({"kind": kind} if kind else {})
    rows: RejectedRowQuerySet = RejectedRow.objects.filter(model=model, **wanted)
    return rows


def page(rows: RejectedRowQuerySet, *, before: int | None, limit: int) -> tuple[list[RejectedRow], int | None]:
    """Up to `limit` rows, newest first, and the cursor of the next page; None at the end."""
    older = rows if before is None else rows.filter(id__lt=before)
    return keyset_page(older.newest(), limit=limit)


def shown(row: RejectedRow) -> dict[str, Any]:
    """One row with its reason and its text as sent."""
    return {
        "id": row.pk,
        "kind": row.kind,
        "received_at": row.received_at.isoformat(),
        "index": row.index,
        "external_id": row.external_id,
        "code": row.code,
        "field": row.field,
        "message": row.message,
        "raw": row.text,
        "is_cut": row.is_cut,
        "state": row.state,
        "tried_at": _moment(row.tried_at),
        "replayed_at": _moment(row.replayed_at),
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def lines(rows: RejectedRowQuerySet) -> Iterator[str]:
    """The rows as NDJSON, newest first."""
    for row in rows.newest().iterator(chunk_size=500):
        yield json.dumps(shown(row)) + "\n"


def expire() -> int:
    """Delete rows older than QUARANTINE_DAYS, a chunk at a time, and return how many."""
    RejectedCount.objects.filter(received_at__lt=database_now() - timedelta(days=COUNT_DAYS)).delete()
    old = RejectedRow.objects.filter(received_at__lt=database_now() - timedelta(days=settings.QUARANTINE_DAYS))
    total = 0
    while True:
        with transaction.atomic():
            # Rows that a replay or another sweep has locked wait for the next sweep.
            free = old.order_by("received_at").select_for_update(skip_locked=True)
            chunk = list(free.values_list("pk", flat=True)[:EXPIRED_AT_ONCE])
            total += RejectedRow.objects.filter(pk__in=chunk).delete()[0]
        if len(chunk) < EXPIRED_AT_ONCE:
            return total
