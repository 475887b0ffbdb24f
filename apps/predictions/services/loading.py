"""Load uploaded files batch by batch; each batch commits together with the position in the file.

If a worker dies, the next one goes on behind the last stored batch: nothing is lost or doubled.
"""

import time
from collections import Counter
from collections.abc import Iterator

from django.db import transaction

from apps.common import doorbell
from apps.common.jobs import run_next
from apps.common.leases import RELEASED
from apps.predictions.models import BatchKind, Upload, UploadPiece
from apps.predictions.services import pushing, uploads

LEASE_SECONDS = 120
BEAT_SECONDS = 30.0
BATCH_ROWS = 20_000
# A chunk has at most about 2 MB, and all chunks of a batch are in memory together.
BATCH_CHUNKS = 32
# Then other tasks get their turn; the next one goes on where this one stopped.
TURN_SECONDS = 600.0


def load_due() -> int:
    """Load one due file, or a part of a long one. Return how many files that were."""
    is_loaded = run_next(Upload, _load, seconds=LEASE_SECONDS)
    if Upload.objects.due().unleased().exists():
        doorbell.ring(uploads.BELL)
    return int(is_loaded)


def _load(upload: Upload) -> None:
    """Load as much as one turn allows."""
    file, deadline = uploads.opened(upload), None
    with file.body:
        rows = file.size()
        for chunks in _batches(_behind(file.chunks(start=upload.position), upload)):
            deadline = deadline or time.monotonic() + TURN_SECONDS
            upload.progress = file.progress(upload.position + sum(map(len, chunks)), of=rows)
            _store(upload, chunks)
            if time.monotonic() > deadline:
                upload.fenced_update(**RELEASED)
                return
    _finish(upload)


def _behind(chunks: Iterator[list[bytes]], upload: Upload) -> Iterator[list[bytes]]:
    """Pass on the rows from the upload's position on, and keep the lease while skipping the others."""
    seen, position, beaten_at = 0, upload.position, time.monotonic()
    for raws in chunks:
        if seen + len(raws) > position:
            yield raws[max(position - seen, 0) :]
        elif time.monotonic() - beaten_at > BEAT_SECONDS:
            upload.heartbeat(seconds=LEASE_SECONDS)
            beaten_at = time.monotonic()
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
    result = pushing.store_chunks(BatchKind(upload.kind), upload.model, chunks, first=upload.position)
    codes = Counter(upload.rejected) + Counter(each.code for each in result.rejected)
    upload.heartbeat(seconds=LEASE_SECONDS)
    upload.fenced_update(
        position=upload.position + sum(map(len, chunks)),
        progress=upload.progress,
        accepted=upload.accepted + result.accepted,
        duplicates=upload.duplicates + result.duplicates,
        parked=upload.parked + (result.parked or 0),
        rejected=dict(codes),
        batches=[*upload.batches, *([] if result.batch is None else [result.batch])],
        attempts=0,
        error="",
    )


@transaction.atomic
def _finish(upload: Upload) -> None:
    upload.complete()
    UploadPiece.objects.filter(upload=upload).delete()
