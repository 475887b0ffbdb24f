"""Forms with a file, of API calls: the file goes to disk as it arrives, within a limit."""

import io
from collections.abc import Iterable, Mapping
from typing import IO, Any, cast

from rest_framework.parsers import BaseParser, DataAndFiles, MultiPartParser

from apps.common.api import body_pieces, check_charset
from apps.common.errors import UnsupportedMediaError

# Room for the rest of a form: the lines between its parts, and the parts that are not the file.
FORM_BYTES = 1024 * 1024


class Reader(io.RawIOBase):
    """A file that reads from pieces."""

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


class FileFormParser(BaseParser):
    """Reads a form with a file: the whole announced length, if a subclass lets that pass."""

    media_type = "multipart/form-data"

    def check_size(self, size: int) -> None:
        """Check the size of the file before it is read. Raises TooLargeError."""
        raise NotImplementedError

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> "DataAndFiles[Any, Any]":
        context = dict(parser_context or {})
        request = context["request"]
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        self.check_size(length - FORM_BYTES)
        check_charset(media_type or "")
        if request.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
            raise UnsupportedMediaError("A form cannot be compressed; send it without Content-Encoding.")
        body = cast(IO[bytes], Reader(body_pieces(stream, length=length)))
        return MultiPartParser().parse(body, media_type, context)
