"""Try rejected rows again, through the same checks as a push."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.common.errors import NotFoundError
from apps.predictions.models import BatchKind, RejectedRow, RejectedState
from apps.predictions.querysets import RejectedRowQuerySet
from apps.predictions.reading.rejections import Rejection
from apps.predictions.services import pushing, quarantine
from apps.registry.models import MonitoredModel

# At most 80 MB of raw rows.
MAX_ROWS = 5_000
CUT = "This row is large, and only its beginning was kept; push it again."


@dataclass
class Replay:
    """The result of trying rows again, counted as for a push."""

    batches: list[int] = field(default_factory=list)
    accepted: int = 0
    duplicates: int = 0
    parked: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    remaining: int = 0

    @property
    def document(self) -> dict[str, Any]:
        return {
            "batch": self.batches[0] if self.batches else None,
            "batches": self.batches,
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "parked": self.parked,
            "rejected": sorted(self.rejected, key=lambda each: each["index"]),
            "remaining": self.remaining,
        }

    @property
    def status(self) -> int:
        return 207 if self.rejected else 200


def replay(
    model: MonitoredModel,
    *,
    kinds: list[BatchKind],
    code: str = "",
    ids: list[int] | None = None,
    limit: int = MAX_ROWS,
    told: User | None = None,
) -> Replay:
    """Try the model's waiting rows again, least recently tried first, in one transaction.

    Rows stored now or in the meantime count as replayed; the others go on waiting with their new reason.
    """
    result = Replay()
    with transaction.atomic(), connection.cursor() as cursor:
        # One replay of a model at a time: the next one sees what this one stored, and they cannot deadlock.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('replay'), %s)", [model.pk])
        waiting = quarantine.chosen(model, code=code).filter(kind__in=kinds)
        if ids is not None:
            _require_known(model, ids)
            waiting = waiting.filter(pk__in=ids)
        rows = list(waiting.least_tried().select_for_update()[:limit])
        result.remaining = waiting.count() - len(rows)
        RejectedRow.objects.filter(pk__in=[row.pk for row in rows]).update(tried_at=timezone.now())
        for kind in kinds:
            _try([(index, row) for index, row in enumerate(rows) if row.kind == kind], kind, model, result, told)
    return result


def _require_known(model: MonitoredModel, ids: list[int]) -> None:
    rows: RejectedRowQuerySet = RejectedRow.objects.filter(model=model, pk__in=ids)
    unknown = sorted(set(ids) - set(rows.values_list("pk", flat=True)))
    if unknown:
        raise NotFoundError("Some rows are not, or no longer, in this model's quarantine.", ids=unknown[:100])


def _try(
    numbered: list[tuple[int, RejectedRow]], kind: BatchKind, model: MonitoredModel, result: Replay, told: User | None
) -> None:
    """Push the uncut rows of one kind; `numbered` has each row's index among all rows that are tried."""
    result.rejected += [_refused(index, row, "cut", None, CUT) for index, row in numbered if row.is_cut]
    whole = [(index, row) for index, row in numbered if not row.is_cut]
    if not whole:
        return
    stored = pushing.store_rows(kind, model, [bytes(row.raw) for _, row in whole], told=told)
    for each in stored.rejected:
        index, row = whole[each.index]
        result.rejected.append(_refused(index, row, each.code, each.field, each.message))
    _note_reasons([(whole[each.index][1], quarantine.reason(each)) for each in stored.rejected])
    refused = {each.index for each in stored.rejected}
    done = [row.pk for number, (_, row) in enumerate(whole) if number not in refused]
    RejectedRow.objects.filter(pk__in=done).update(state=RejectedState.REPLAYED, replayed_at=timezone.now())
    result.batches += [] if stored.batch is None else [stored.batch]
    result.accepted += stored.accepted
    result.duplicates += stored.duplicates
    result.parked += stored.parked or 0


def _note_reasons(refused: list[tuple[RejectedRow, dict[str, str | None]]]) -> None:
    """Write the reasons that changed: most did not, and the writes are what takes time."""
    changed = []
    for row, why in refused:
        if any(getattr(row, name) != value for name, value in why.items()):
            for name, value in why.items():
                setattr(row, name, value)
            changed.append(row)
    RejectedRow.objects.bulk_update(changed, ["code", "field", "message"], batch_size=500)


def _refused(index: int, row: RejectedRow, code: str, field_name: str | None, message: str) -> dict[str, Any]:
    """A rejection as in the answer to a push, plus the row's number in quarantine."""
    rejection = Rejection(index, row.external_id, code, field_name, message)
    return {**msgspec.to_builtins(rejection), "row": row.pk}
