"""What a client sent: unfolded as it arrives, within the limit, and kept on disk where it is large."""

import hashlib
from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Self

from django.conf import settings

from apps.common.errors import TooLargeError
from apps.predictions.unfolding import unfold

# Larger bodies lie in a file, so that a few of them at once do not fill a process.
IN_MEMORY = 1024 * 1024


class Body:
    """A body of rows, to be read once or several times; close it, or use it as a context."""

    def __init__(self, content_type: str) -> None:
        self.content_type = content_type
        self.size = 0
        # Closed by `close`: a body outlives the function that makes it.
        self.file: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # see above
        self._hash = hashlib.sha256()

    @classmethod
    def receive(cls, pieces: Iterable[bytes], *, content_type: str, encoding: str = "") -> Self:
        """Take in a body, piece by piece.

        Raises UnsupportedMediaError, CorruptBodyError, TooLargeError.
        """
        body = cls(content_type)
        try:
            for piece in unfold(limited(pieces), encoding=encoding):
                body._write(piece)
        except BaseException:
            body.close()
            raise
        body.file.seek(0)
        return body

    @property
    def digest(self) -> bytes:
        """SHA-256 of the unfolded body, 32 bytes."""
        return self._hash.digest()

    def close(self) -> None:
        self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > settings.MAX_BODY_BYTES:
            raise too_large()
        self._hash.update(piece)
        self.file.write(piece)


def limited(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces, up to as many bytes as a body may have."""
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > settings.MAX_BODY_BYTES:
            raise too_large()
        yield piece


def too_large() -> TooLargeError:
    """Why a body is refused for its size, as sent or unfolded."""
    limit = settings.MAX_BODY_BYTES
    return TooLargeError(f"The body is larger than {limit:,} bytes.", limit="body_bytes", value=limit)


def too_many_rows() -> TooLargeError:
    """Why a body is refused for the number of its rows."""
    limit = settings.MAX_BATCH_ROWS
    return TooLargeError(f"More than {limit:,} rows; send several batches.", limit="rows_per_batch", value=limit)
