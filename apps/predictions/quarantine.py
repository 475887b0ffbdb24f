"""Rejected rows, kept for a while with their reason: looked at, downloaded, tried again (see `replaying`)."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.common.clock import database_now
from apps.predictions.copying import binary, copy_lines, text
from apps.predictions.models import BatchKind, RejectedRow, RejectedState
from apps.predictions.querysets import RejectedRowQuerySet
from apps.predictions.rows import Rejection
from apps.registry.models import MonitoredModel

COLUMNS = "model_id, kind, received_at, index, external_id, code, field, message, raw, is_cut, left_out, state"
MAX_ROWS = 1_000
MAX_RAW_BYTES = 16 * 1024
MAX_MESSAGE = 2_000
EXPIRED_AT_ONCE = 5_000


def keep(model: MonitoredModel, kind: BatchKind, raws: list[bytes], rejected: list[Rejection]) -> None:
    """Keep the rejected rows of a push, in its transaction; beyond the first thousand only their number."""
    if not rejected:
        return
    received_at = database_now().isoformat()
    kept = sorted(rejected, key=lambda each: each.index)[:MAX_ROWS]
    lines = []
    for each in kept:
        raw = raws[each.index]
        left_out = len(rejected) - len(kept) if each is kept[-1] else 0
        why = reason(each)
        lines.append(
            f"{model.pk}\t{kind}\t{received_at}\t{each.index}\t{text(_storable(each.id))}\t{text(why['code'])}\t"
            f"{text(why['field'])}\t{text(why['message'])}\t{binary(raw[:MAX_RAW_BYTES])}\t"
            f"{len(raw) > MAX_RAW_BYTES}\t{left_out}\t{RejectedState.WAITING}"
        )
    copy_lines("predictions_rejectedrow", COLUMNS, lines)


def reason(rejection: Rejection) -> dict[str, str | None]:
    """The columns that say why."""
    return {
        "code": rejection.code,
        "field": _storable(rejection.field),
        "message": _storable(rejection.message) or "",
    }


def _storable(said: str | None) -> str | None:
    """A text that PostgreSQL takes, whatever the row was that it quotes."""
    if said is None:
        return None
    return said[:MAX_MESSAGE].replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def chosen(model: MonitoredModel, *, code: str = "", kind: str = "", state: str = "waiting") -> RejectedRowQuerySet:
    """The model's rejected rows in a state, of one code or kind where named."""
    wanted = {"state": state} | ({"code": code} if code else {}) | ({"kind": kind} if kind else {})
    rows: RejectedRowQuerySet = RejectedRow.objects.filter(model=model, **wanted)
    return rows


def page(rows: RejectedRowQuerySet, *, before: int | None, limit: int) -> tuple[list[RejectedRow], int | None]:
    """Up to `limit` rows, newest first, and the cursor of the next ones; None at the end."""
    older = rows if before is None else rows.filter(id__lt=before)
    found = list(older.newest()[: limit + 1])
    return found[:limit], found[limit - 1].pk if len(found) > limit else None


def shown(row: RejectedRow) -> dict[str, Any]:
    """One row with its reason and the text as it was sent."""
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
    """Delete what is older than the setting allows, a chunk at a time; how many rows that were."""
    old = RejectedRow.objects.filter(received_at__lt=database_now() - timedelta(days=settings.QUARANTINE_DAYS))
    total = 0
    while True:
        with transaction.atomic():
            # What a replay or another sweep holds is left for the next time.
            free = old.order_by("received_at").select_for_update(skip_locked=True)
            chunk = list(free.values_list("pk", flat=True)[:EXPIRED_AT_ONCE])
            total += RejectedRow.objects.filter(pk__in=chunk).delete()[0]
        if len(chunk) < EXPIRED_AT_ONCE:
            return total
