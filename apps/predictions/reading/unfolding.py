"""Compressed bodies, unfolded piece by piece so that a small one cannot fill the memory."""

import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from apps.common.errors import DomainError, UnsupportedMediaError

PIECE = 256 * 1024
GZIP = 16 + zlib.MAX_WBITS

Unfolding = Callable[[Iterable[bytes]], Iterator[bytes]]


class CorruptBodyError(DomainError):
    """The body is not what its Content-Encoding says."""

    code = "invalid_encoding"


def unfold(pieces: Iterable[bytes], *, encoding: str) -> Iterator[bytes]:
    """The body as it was before it was compressed, in pieces of bounded size.

    Raises UnsupportedMediaError at once, CorruptBodyError on the way.
    """
    if encoding in ("", "identity"):
        return iter(pieces)
    unfolding = UNFOLDINGS.get(encoding)
    if unfolding is None:
        known = ", ".join(sorted(UNFOLDINGS))
        raise UnsupportedMediaError(f"Content-Encoding {encoding[:40]!r} is not read here; known are {known}.")
    return unfolding(pieces)


def _gzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """One member after the other, as `gzip` itself reads a file."""
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
            raise CorruptBodyError("The gzip body ends too early.")
        yield unfolded


def _zstd(pieces: Iterable[bytes]) -> Iterator[bytes]:
    import pyarrow as pa  # noqa: PLC0415  # 25 MB that most web processes never need

    source = pa.PythonFile(Reader(pieces), mode="r")
    try:
        with pa.CompressedInputStream(source, "zstd") as stream:
            while unfolded := stream.read(PIECE):
                yield unfolded
    except (OSError, pa.ArrowException) as error:
        raise CorruptBodyError("The body is not zstd, or ends too early.") from error


class Reader(io.RawIOBase):
    """Pieces as a file to read from."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._rest = iter(pieces), b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = piece
        size = len(self._rest) if size < 0 else size
        head, self._rest = self._rest[:size], self._rest[size:]
        return head


UNFOLDINGS: Mapping[str, Unfolding] = {"gzip": _gzip, "x-gzip": _gzip, "zstd": _zstd}
