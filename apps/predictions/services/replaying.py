"""Trying rejected rows again, through the same checks as a push."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.db import connection, transaction
from django.utils import timezone

from apps.common.errors import NotFoundError
from apps.predictions.models import BatchKind, RejectedRow, RejectedState
from apps.predictions.querysets import RejectedRowQuerySet
from apps.predictions.reading.rejections import Rejection
from apps.predictions.services import pushing, quarantine
from apps.registry.models import MonitoredModel

# At most 80 MB of raw rows.
MAX_ROWS = 5_000
CUT = "Only the beginning of this row was kept, because it is large; send it again."


@dataclass
class Replay:
    """What became of the rows that were tried; the numbers are those of a push."""

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
) -> Replay:
    """Try the model's waiting rows again, those least recently tried first, in one transaction.

    What is stored now, or was stored meanwhile, is replayed; the others wait on with their new reason.
    """
    answer = Replay()
    with transaction.atomic(), connection.cursor() as cursor:
        # One replay of a model at a time: the next one sees what this one stored, and neither can deadlock.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('replay'), %s)", [model.pk])
        waiting = quarantine.chosen(model, code=code).filter(kind__in=kinds)
        if ids is not None:
            _require_known(model, ids)
            waiting = waiting.filter(pk__in=ids)
        rows = list(waiting.least_tried().select_for_update()[:limit])
        answer.remaining = waiting.count() - len(rows)
        RejectedRow.objects.filter(pk__in=[row.pk for row in rows]).update(tried_at=timezone.now())
        for kind in kinds:
            _try([(index, row) for index, row in enumerate(rows) if row.kind == kind], kind, model, answer)
    return answer


def _require_known(model: MonitoredModel, ids: list[int]) -> None:
    rows: RejectedRowQuerySet = RejectedRow.objects.filter(model=model, pk__in=ids)
    unknown = sorted(set(ids) - set(rows.values_list("pk", flat=True)))
    if unknown:
        raise NotFoundError("Some rows are not in this model's quarantine, or not any more.", ids=unknown[:100])


def _try(numbered: list[tuple[int, RejectedRow]], kind: BatchKind, model: MonitoredModel, answer: Replay) -> None:
    """Push the rows of one kind that are whole; `numbered` says where each stands among all that are tried."""
    answer.rejected += [_refused(index, row, "cut", None, CUT) for index, row in numbered if row.is_cut]
    whole = [(index, row) for index, row in numbered if not row.is_cut]
    if not whole:
        return
    stored = pushing.store_rows(kind, model, [bytes(row.raw) for _, row in whole])
    for each in stored.rejected:
        index, row = whole[each.index]
        answer.rejected.append(_refused(index, row, each.code, each.field, each.message))
    _note_reasons([(whole[each.index][1], quarantine.reason(each)) for each in stored.rejected])
    refused = {each.index for each in stored.rejected}
    done = [row.pk for at, (_, row) in enumerate(whole) if at not in refused]
    RejectedRow.objects.filter(pk__in=done).update(state=RejectedState.REPLAYED, replayed_at=timezone.now())
    answer.batches += [] if stored.batch is None else [stored.batch]
    answer.accepted += stored.accepted
    answer.duplicates += stored.duplicates
    answer.parked += stored.parked or 0


def _note_reasons(refused: list[tuple[RejectedRow, dict[str, str | None]]]) -> None:
    """Write the new reasons of rows that wait on; most are the old ones, and writing is what costs."""
    changed = []
    for row, why in refused:
        if any(getattr(row, name) != value for name, value in why.items()):
            for name, value in why.items():
                setattr(row, name, value)
            changed.append(row)
    RejectedRow.objects.bulk_update(changed, ["code", "field", "message"], batch_size=500)


def _refused(index: int, row: RejectedRow, code: str, at: str | None, message: str) -> dict[str, Any]:
    """A rejection as a push answers it, with the row's number in quarantine beside."""
    rejection = Rejection(index, row.external_id, code, at, message)
    return {**msgspec.to_builtins(rejection), "row": row.pk}
