"""The body of a push: decompressed as it arrives, bounded, and kept on disk if it is large."""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Any, Self

from django.conf import settings

from apps.common.errors import DomainError, TooLargeError, UnsupportedMediaError
from apps.common.file_forms import Reader
from apps.common.media_types import JSON

# Larger bodies go to a file, so that a few at once do not fill a process.
IN_MEMORY = 1024 * 1024
PIECE = 256 * 1024
GZIP = 16 + zlib.MAX_WBITS
JSON_TOO_LARGE = "A JSON body has at most {:,} bytes; send NDJSON or Parquet, or several smaller bodies."

Unfolding = Callable[[Iterable[bytes]], Iterator[bytes]]


@dataclass(frozen=True)
class Bounds:
    """How much one body or file may hold, and the names of these limits in `/api/v1/limits`."""

    rows: int
    size: int
    rows_name: str = "rows_per_batch"
    size_name: str = "body_bytes"
    too_large: str = "The body holds more than {:,} bytes; send several smaller ones."

    def check_rows(self, rows: int) -> None:
        """Check a number of rows. Raises TooLargeError."""
        if rows > self.rows:
            message = f"More than {self.rows:,} rows; send several batches."
            raise TooLargeError(message, limit=self.rows_name, value=self.rows)

    def check_size(self, size: int) -> None:
        """Check a size, compressed or not. Raises TooLargeError."""
        if size > self.size:
            raise TooLargeError(self.too_large.format(self.size), limit=self.size_name, value=self.size)


def of_a_push(content_type: str) -> Bounds:
    """The bounds of a pushed body. JSON is read whole and has a lower one."""
    rows = settings.MAX_BATCH_ROWS
    if kind_of(content_type) == JSON and settings.MAX_JSON_BYTES < settings.MAX_BODY_BYTES:
        return Bounds(rows, settings.MAX_JSON_BYTES, size_name="json_bytes", too_large=JSON_TOO_LARGE)
    return Bounds(rows, settings.MAX_BODY_BYTES)


def kind_of(content_type: str) -> str:
    """The media type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


class Body:
    """A body of rows, to be read once or several times. Close it, or use it in a `with` statement."""

    def __init__(self, content_type: str, *, bounds: Bounds | None = None) -> None:
        self.content_type = content_type
        self.bounds = bounds or of_a_push(content_type)
        self.size = 0
        # `close` closes it: a body outlives the function that makes it.
        self.file: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # see above
        self._hash = hashlib.sha256()

    @classmethod
    def receive(
        cls, pieces: Iterable[bytes], *, content_type: str, encoding: str = "", bounds: Bounds | None = None
    ) -> Self:
        """Receive a body piece by piece, decompressing it.

        Raises UnsupportedMediaError, CorruptBodyError, TooLargeError.
        """
        body = cls(content_type, bounds=bounds)
        try:
            for piece in unfold(limited(pieces, body.bounds), encoding=encoding):
                body._write(piece)
        except BaseException:
            body.close()
            raise
        body.file.seek(0)
        return body

    @property
    def digest(self) -> bytes:
        """SHA-256 of the decompressed body, 32 bytes."""
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
        self.bounds.check_size(self.size)
        self._hash.update(piece)
        self.file.write(piece)


def limited(pieces: Iterable[bytes], bounds: Bounds) -> Iterator[bytes]:
    """Pass on the pieces until they exceed the bounds. Raises TooLargeError."""
    size = 0
    for piece in pieces:
        size += len(piece)
        bounds.check_size(size)
        yield piece


class CorruptBodyError(DomainError):
    """The body does not match its Content-Encoding."""

    code = "invalid_encoding"


def unfold(pieces: Iterable[bytes], *, encoding: str) -> Iterator[bytes]:
    """Decompress a body into pieces of bounded size, so that a small one cannot fill the memory.

    Raises UnsupportedMediaError at once, CorruptBodyError while reading.
    """
    if encoding in ("", "identity"):
        return iter(pieces)
    unfolding = UNFOLDINGS.get(encoding)
    if unfolding is None:
        known = ", ".join(sorted(UNFOLDINGS))
        raise UnsupportedMediaError(f"Content-Encoding {encoding[:40]!r} is not supported; use one of {known}.")
    return unfolding(pieces)


def _gzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress all members in turn, as `gzip` does with a file."""
    member: Any = None
    for piece in pieces:
        rest = piece
        while rest:
            if member is None or member.eof:
                member = zlib.decompressobj(GZIP)
            try:
                unfolded = member.decompress(rest, PIECE)
            except zlib.error as error:
                raise CorruptBodyError(f"The body is not gzip: {error}.") from error
            rest = member.unused_data if member.eof else member.unconsumed_tail
            if unfolded:
                yield unfolded
    while member is not None and not member.eof:
        unfolded = member.decompress(member.unconsumed_tail, PIECE)
        if not unfolded and not member.eof:
            raise CorruptBodyError("The gzip body is cut off.")
        yield unfolded


def _zstd(pieces: Iterable[bytes]) -> Iterator[bytes]:
    import pyarrow as pa  # noqa: PLC0415  # 25 MB, which most web processes never need

    source = pa.PythonFile(Reader(pieces), mode="r")
    try:
        with pa.CompressedInputStream(source, "zstd") as stream:
            while unfolded := stream.read(PIECE):
                yield unfolded
    except (OSError, pa.ArrowException) as error:
        raise CorruptBodyError("The body is not zstd, or it is cut off.") from error


UNFOLDINGS: Mapping[str, Unfolding] = {"gzip": _gzip, "x-gzip": _gzip, "zstd": _zstd}
