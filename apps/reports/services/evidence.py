"""Evidence files: asked for, written by a worker, kept for a day in pieces, and read piece by piece."""

from collections.abc import Iterator
from datetime import timedelta
from tempfile import TemporaryFile

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.common import doorbell
from apps.common.deadlines import deadline
from apps.common.durations import limit
from apps.common.errors import ConflictError
from apps.reports.models import EvidenceFile, EvidencePiece, Report
from apps.reports.services.jobs import BELL

KEPT = timedelta(days=1)
PIECE = 1 << 20


@transaction.atomic
def ask_for_evidence(report: Report) -> EvidenceFile:
    """Return the evidence file of a report; the first who asks has it written. Raises ConflictError if that failed."""
    file, is_new = EvidenceFile.objects.get_or_create(report=report)
    if is_new:
        doorbell.ring_on_commit(BELL)
    if file.status == "failed":
        raise ConflictError(file.error, code="no_evidence")
    return file


def run_evidence(file: EvidenceFile) -> None:
    """Write the evidence of a claimed file. Raises ConflictError, TookTooLongError."""
    # Imported here: pages and API ask for files and need not load the engine.
    from apps.reports.services.evidence_file import write_evidence  # noqa: PLC0415  # see above

    seconds = settings.REPORT_SECONDS
    with TemporaryFile() as content:
        with deadline(seconds, f"The evidence took longer than {limit(seconds)}. Try a report on fewer days."):
            write_evidence(file.report, content)
        content.seek(0)
        with transaction.atomic():
            EvidencePiece.objects.filter(file=file).delete()
            for number, piece in enumerate(iter(lambda: content.read(PIECE), b"")):
                EvidencePiece.objects.create(file=file, number=number, content=piece)
            file.complete()


def pieces_of(file: EvidenceFile) -> Iterator[bytes]:
    """Yield the file piece by piece, so that no more of it is in memory."""
    numbers = list(EvidencePiece.objects.filter(file=file).order_by("number").values_list("pk", flat=True))
    for pk in numbers:
        yield bytes(EvidencePiece.objects.values_list("content", flat=True).get(pk=pk))


def forget_evidence() -> None:
    """Delete files that were finished, or asked for in vain, a day ago."""
    before = timezone.now() - KEPT
    EvidenceFile.objects.filter(Q(finished_at__lt=before) | Q(finished_at=None, requested_at__lt=before)).delete()
