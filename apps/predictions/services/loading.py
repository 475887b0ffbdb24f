"""Loading files: batch by batch, each in one transaction with the place up to which the file has been read.

A worker that dies in the middle takes nothing with it: the next one goes on behind the last batch that was stored.
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
# A chunk holds some two megabytes at most, and all of a batch are held together.
BATCH_CHUNKS = 32
# Other bells are heard in between; the next turn goes on where this one stopped.
TURN_SECONDS = 600.0


def load_due() -> int:
    """Load one file that is due, or a part of a long one; answers how many that were."""
    is_loaded = run_next(Upload, _load, seconds=LEASE_SECONDS)
    if Upload.objects.due().unleased().exists():
        doorbell.ring(uploads.BELL)
    return int(is_loaded)


def _load(upload: Upload) -> None:
    """Load as much as fits in a turn."""
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
    """The rows from the upload's position on; its lease is held while the others are passed over."""
    seen, position, beaten_at = 0, upload.position, time.monotonic()
    for raws in chunks:
        if seen + len(raws) > position:
            yield raws[max(position - seen, 0) :]
        elif time.monotonic() - beaten_at > BEAT_SECONDS:
            upload.heartbeat(seconds=LEASE_SECONDS)
            beaten_at = time.monotonic()
        seen += len(raws)


def _batches(chunks: Iterator[list[bytes]]) -> Iterator[list[list[bytes]]]:
    """Chunks by as many as make a batch."""
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
    """Store the rows as one batch, and note in the same commit that they are."""
    answer = pushing.store_chunks(BatchKind(upload.kind), upload.model, chunks, first=upload.position)
    codes = Counter(upload.rejected) + Counter(each.code for each in answer.rejected)
    upload.heartbeat(seconds=LEASE_SECONDS)
    upload.fenced_update(
        position=upload.position + sum(map(len, chunks)),
        progress=upload.progress,
        accepted=upload.accepted + answer.accepted,
        duplicates=upload.duplicates + answer.duplicates,
        parked=upload.parked + (answer.parked or 0),
        rejected=dict(codes),
        batches=[*upload.batches, *([] if answer.batch is None else [answer.batch])],
        attempts=0,
        error="",
    )


@transaction.atomic
def _finish(upload: Upload) -> None:
    upload.complete()
    UploadPiece.objects.filter(upload=upload).delete()
