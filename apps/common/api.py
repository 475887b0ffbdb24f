"""The base of all API views: strict JSON in, one form of error out."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.exceptions import APIException, UnsupportedMediaType, ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import set_rollback

from apps.common import strict_json
from apps.common.errors import DomainError, IncompleteBodyError, TooLargeError, UnsupportedMediaError

# Documents are small. Rows in bulk go to the intake, which has its own limits.
MAX_DOCUMENT_BYTES = 4 * 1024 * 1024
PIECE_BYTES = 64 * 1024


def check_charset(content_type: str) -> None:
    """Refuse every charset but UTF-8. Raises UnsupportedMediaError."""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "charset" and value.strip('"').lower() not in {"utf-8", "utf8", "us-ascii"}:
            raise UnsupportedMediaError(f"The charset {value} is not supported. Send UTF-8.")


def body_pieces(stream: IO[bytes], *, length: int) -> Iterator[bytes]:
    """Yield a body in pieces, up to its announced length. Raises IncompleteBodyError if less arrives."""
    left = length
    while left:
        try:
            piece = stream.read(min(PIECE_BYTES, left))
        except OSError:  # the connection broke, or the client stalled
            piece = b""
        if not piece:
            raise IncompleteBodyError(f"The body is {left:,} bytes shorter than its Content-Length.", missing=left)
        left -= len(piece)
        yield piece


class StreamParser(BaseParser):
    """Passes the stream on unread: whoever reads rows decodes it strictly, in bulk and within limits."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002  # the framework's signature
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002  # the framework's signature
    ) -> Any:
        return stream


class StrictJSONParser(BaseParser):
    """Reads a JSON document; refuses repeated names, NaN, NUL characters and deep nesting."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        check_charset(media_type or "")
        length = int((parser_context or {})["request"].META["CONTENT_LENGTH"])
        if length > MAX_DOCUMENT_BYTES:
            message = f"A document may have at most {MAX_DOCUMENT_BYTES:,} bytes."
            raise TooLargeError(message, limit="document_bytes", value=MAX_DOCUMENT_BYTES)
        return strict_json.loads(b"".join(body_pieces(stream, length=length)))


class StreamedRenderer(BaseRenderer):
    """Lets a client choose a format, by Accept or ?format=. The view streams the answer itself."""

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:  # noqa: ARG002  # the framework's signature
        """Never called: the view streams its answer, and errors are JSON."""
        return json.dumps(data).encode()


class LinesRenderer(StreamedRenderer):
    media_type = "application/x-ndjson"
    format = "ndjson"


class Negotiation(DefaultContentNegotiation):
    """Chooses the format of the answer. A ?format= that the call does not offer gets 400, not 404."""

    def filter_renderers(self, renderers: Iterable[BaseRenderer], format: str) -> list[BaseRenderer]:  # noqa: A002  # the framework's signature
        by_format = {str(renderer.format): renderer for renderer in renderers}
        if format not in by_format:
            message = f"The format {format[:40]!r} is not available here. Use one of: {', '.join(by_format)}."
            raise DomainError(message, code="unknown_format")
        return [by_format[format]]


def wants_lines(request: Request) -> bool:
    """Return whether the client asked for NDJSON."""
    return getattr(request.accepted_renderer, "format", "") == LinesRenderer.format


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown fields instead of dropping them."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = sorted(str(name) for name in data if name not in self.fields)
            if unknown:
                raise ValidationError({name: ["There is no such field."] for name in unknown})
        return super().to_internal_value(data)


class ProblemSerializer(serializers.Serializer[Any]):
    """Why a request was refused. `code` is stable; `message` is for people."""

    code = serializers.CharField()
    message = serializers.CharField()
    details = serializers.DictField(help_text="More about the error, depending on its code: the limit, the fields, …")


def problem(error: DomainError) -> dict[str, Any]:
    """Return the body of every error answer."""
    return {"code": error.code, "message": error.message, "details": error.details}


def as_domain_error(error: Exception) -> DomainError | None:
    """Translate the framework's exceptions into ours; None for one that we do not know."""
    if isinstance(error, DomainError):
        return error
    if isinstance(error, Http404):
        return _with_status(DomainError("Not found in this project.", code="not_found"), 404)
    if isinstance(error, ValidationError):
        fields = error.get_full_details()
        return DomainError("Some fields are invalid; see details.", code="invalid", fields=_messages(fields))
    if isinstance(error, APIException):
        code = "unsupported_media_type" if isinstance(error, UnsupportedMediaType) else str(error.get_codes())
        return _with_status(DomainError(str(error.detail), code=code), error.status_code)
    return None


def _with_status(error: DomainError, status: int) -> DomainError:
    error.status = status
    return error


def _messages(details: Any) -> Any:
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        return str(details["message"])
    if isinstance(details, dict):
        return {str(name): _messages(value) for name, value in details.items()}
    return [_messages(value) for value in details] if isinstance(details, list) else str(details)


def problem_response(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Turn a known error into its answer, always JSON. An unknown error stays a 500 and is logged."""
    known = as_domain_error(error)
    if known is None:
        return None
    set_rollback()
    request = context["request"]
    request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
    headers = {}
    if (challenge := getattr(error, "auth_header", None)) is not None:
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait) + 1)
    return Response(problem(known), status=known.status, headers=headers)
