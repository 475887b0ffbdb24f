"""Model files in the database, in pieces: they are part of its backup, and every worker finds them."""

from collections.abc import Iterator
from hashlib import sha256
from typing import IO

from apps.common.errors import TooLargeError
from apps.explanations.engine.messages import MOST_MODEL_BYTES
from apps.explanations.models import Artifact, ArtifactPiece

PIECE = 1024 * 1024
# As much as the engine reads; the limits of its processes end a file that takes too much memory before.
MOST_BYTES = MOST_MODEL_BYTES


def check_size(size: int) -> None:
    """Check the size of a file. Raises TooLargeError."""
    if size > MOST_BYTES:
        message = f"A model file may have at most {MOST_BYTES // 1024**2} MB."
        raise TooLargeError(message, limit="artifact_bytes", value=MOST_BYTES)


def digest(file: IO[bytes]) -> tuple[bytes, int]:
    """Return the SHA-256 and the size of a file. Raises TooLargeError."""
    hashed, size = sha256(), 0
    file.seek(0)
    while piece := file.read(PIECE):
        hashed.update(piece)
        size += len(piece)
        check_size(size)
    return hashed.digest(), size


def keep(artifact: Artifact, file: IO[bytes]) -> None:
    """Store the content of a new artifact."""
    file.seek(0)
    position = 0
    while piece := file.read(PIECE):
        ArtifactPiece.objects.create(artifact=artifact, position=position, content=piece)
        position += 1


def content(artifact: Artifact) -> Iterator[bytes]:
    """Yield the file piece by piece."""
    pieces = ArtifactPiece.objects.filter(artifact=artifact).order_by("position")
    for piece in pieces.values_list("content", flat=True).iterator(chunk_size=1):
        yield bytes(piece)
