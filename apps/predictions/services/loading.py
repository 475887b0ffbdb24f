"""Load uploaded files batch by batch; each batch commits together with the position in the file.

If a worker dies, the next one goes on behind the last stored batch: nothing is lost or doubled.
"""

import time
from collections import Counter
from collections.abc import Iterator

import msgspec
from django.db import transaction
from django.db.models.functions import Now

from apps.common import doorbell
from apps.common.deadlines import deadline
from apps.common.durations import limit
from apps.common.jobs import run_next
from apps.predictions.models import BatchKind, Upload, UploadPiece
from apps.predictions.reading.rejections import Reason, reasons
from apps.predictions.services import pushing, uploads

BATCH_ROWS = 20_000
# A chunk has at most about 2 MB, and all chunks of a batch are in memory together.
BATCH_CHUNKS = 32
# Then other files get their turn; the next one goes on where this one stopped.
TURN_SECONDS = 120.0
# No turn takes so long, unless the file makes its reader hang.
LONGEST_SECONDS = 1_800


def load_due() -> int:
    """Load one due file, or a part of a long one. Return how many files that were."""
    is_loaded = run_next(Upload, _load)
    if Upload.objects.due().unleased().exists():
        doorbell.ring(uploads.BELL)
    return int(is_loaded)


def _load(upload: Upload) -> None:
    with deadline(LONGEST_SECONDS, f"Reading the file took longer than {limit(LONGEST_SECONDS)}."):
        _load_some(upload)


def _load_some(upload: Upload) -> None:
    """Load as much as one turn allows."""
    file, until = uploads.opened(upload), None
    with file.body:
        rows = file.size()
        for chunks in _batches(_behind(file.chunks(start=upload.position), upload.position)):
            until = until or time.monotonic() + TURN_SECONDS
            upload.progress = file.progress(upload.position + sum(map(len, chunks)), of=rows)
            _store(upload, chunks)
            if time.monotonic() > until:
                # The moment stays: files take turns by it.
                upload.fenced_update(lease_token=None, lease_expires_at=Now())
                return
    _finish(upload)


def _behind(chunks: Iterator[list[bytes]], position: int) -> Iterator[list[bytes]]:
    """Pass on the rows from this position on."""
    seen = 0
    for raws in chunks:
        if seen + len(raws) > position:
            yield raws[max(position - seen, 0) :]
        seen += len(raws)


def _batches(chunks: Iterator[list[bytes]]) -> Iterator[list[list[bytes]]]:
    """Group chunks into batches."""
    batch: list[list[bytes]] = []
    for raws in chunks:
        batch.append(raws)
        if sum(map(len, batch)) >= BATCH_ROWS or len(batch) == BATCH_CHUNKS:
            yield batch
            batch = []
    if batch:
        yield batch


@transaction.atomic
def _store(upload: Upload, chunks: list[list[bytes]]) -> None:
    """Store the rows as one batch, and the new position in the same commit."""
    result = pushing.store_chunks(
        BatchKind(upload.kind), upload.model, chunks, first=upload.position, told=upload.created_by
    )
    known = msgspec.convert(upload.reasons, list[Reason])
    codes = Counter(upload.rejected) + Counter(each.code for each in result.rejected)
    upload.fenced_update(
        position=upload.position + sum(map(len, chunks)),
        progress=upload.progress,
        accepted=upload.accepted + result.accepted,
        duplicates=upload.duplicates + result.duplicates,
        parked=upload.parked + (result.parked or 0),
        rejected=dict(codes),
        reasons=msgspec.to_builtins(reasons(result.rejected, known=known)),
        batches=[*upload.batches, *([] if result.batch is None else [result.batch])],
        attempts=0,
        error="",
    )


@transaction.atomic
def _finish(upload: Upload) -> None:
    upload.complete()
    UploadPiece.objects.filter(upload=upload).delete()
