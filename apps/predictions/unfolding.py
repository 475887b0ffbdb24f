"""Compressed bodies, unfolded piece by piece so that a small one cannot fill the memory."""

import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.conf import settings

from apps.common.errors import DomainError, TooLargeError, UnsupportedMediaError

PIECE = 1024 * 1024
GZIP = 16 + zlib.MAX_WBITS


class CorruptBodyError(DomainError):
    """The body is not what its Content-Encoding says."""

    code = "invalid_encoding"


def unfold(body: bytes, *, encoding: str) -> bytes:
    """The body as it was before it was compressed.

    Raises UnsupportedMediaError, CorruptBodyError, TooLargeError.
    """
    if encoding in ("", "identity"):
        return body
    pieces = PIECES.get(encoding)
    if pieces is None:
        known = ", ".join(sorted(PIECES))
        raise UnsupportedMediaError(f"Content-Encoding {encoding[:40]!r} is not read here; known are {known}.")
    whole = bytearray()
    for piece in pieces(body):
        whole += piece
        if len(whole) > settings.MAX_BODY_BYTES:
            raise TooLargeError(
                f"Unfolded, the body is larger than {settings.MAX_BODY_BYTES:,} bytes.",
                limit="body_bytes",
                value=settings.MAX_BODY_BYTES,
            )
    return bytes(whole)


def _gzip(body: bytes) -> Iterator[bytes]:
    """One member after the other, as `gzip` itself reads a file."""
    rest = body
    while rest:
        member = zlib.decompressobj(GZIP)
        yield from _member(member, rest)
        rest = member.unused_data


def _member(member: Any, rest: bytes) -> Iterator[bytes]:
    while not member.eof:
        try:
            piece = member.decompress(rest, PIECE)
        except zlib.error as error:
            raise CorruptBodyError(f"The body is not gzip: {error}.") from error
        rest = member.unconsumed_tail
        if not piece and not rest and not member.eof:
            raise CorruptBodyError("The gzip body ends too early.")
        yield piece


def _zstd(body: bytes) -> Iterator[bytes]:
    import pyarrow as pa  # noqa: PLC0415  # 40 MB that most web processes never need

    try:
        with pa.CompressedInputStream(pa.BufferReader(body), "zstd") as stream:
            while piece := stream.read(PIECE):
                yield piece
    except (OSError, pa.ArrowException) as error:
        raise CorruptBodyError("The body is not zstd, or ends too early.") from error


PIECES: Mapping[str, Callable[[bytes], Iterator[bytes]]] = {"gzip": _gzip, "x-gzip": _gzip, "zstd": _zstd}
