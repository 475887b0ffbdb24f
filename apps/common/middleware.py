"""Middleware for every request: who sent it, its method, what it may contain, errors as pages."""

import re
from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import unquote

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import render

from apps.common.api import problem
from apps.common.errors import DomainError, LengthRequiredError
from apps.common.failures import bad_request, method_not_allowed

Answer = Callable[[HttpRequest], HttpResponseBase]
# No address, header or cookie of a browser contains these. PostgreSQL refuses NUL; line breaks forge headers and logs.
FORBIDDEN = re.compile(r"[\0\r\n]")


class ProxyMiddleware:
    """Finds the client's address and scheme behind as many proxies as COUNTERSIGN_TRUSTED_PROXIES says.

    Each proxy appends its client to X-Forwarded-For, so only the last entries are true: a client can send the first
    ones itself. Without proxies, nothing that a client sends counts.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        scheme, proxies = request.META.pop("HTTP_X_FORWARDED_PROTO", ""), settings.TRUSTED_PROXIES
        client = _from_the_end(request.META.get("HTTP_X_FORWARDED_FOR", ""), proxies)
        if _is_address(client):
            request.META["REMOTE_ADDR"] = client
            # A proxy either appends the scheme or, as nginx does, replaces the header.
            request.META["HTTP_X_FORWARDED_PROTO"] = _from_the_end(scheme, proxies) or scheme.strip()
        return self.get_response(request)


def _from_the_end(header: str, place: int) -> str:
    entries = header.split(",")
    return entries[-place].strip() if 0 < place <= len(entries) else ""


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


class NoStoreMiddleware:
    """Keeps answers out of every cache, unless they have a policy of their own."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class CharacterMiddleware:
    """Refuses NUL and line breaks in the address, the headers and the cookies. Forms check their own fields."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        sent = (request.path, unquote(request.META.get("QUERY_STRING", "")), *request.headers.values())
        if any(FORBIDDEN.search(text) for text in (*sent, *request.COOKIES.values())):
            return bad_request(request, BadRequest("NUL or a line break"))
        return self.get_response(request)


class MethodMiddleware:
    """Refuses methods that no view knows, and answers HEAD as GET without the body, where a view has GET."""

    KNOWN = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in self.KNOWN:
            return method_not_allowed(request, allowed=self.KNOWN)
        response = self.get_response(request)
        if request.method == "HEAD":
            if isinstance(response, StreamingHttpResponse):
                response.streaming_content = ()  # an export of millions of rows is not read
            elif isinstance(response, HttpResponse):
                response.content = b""
        return response


class LengthMiddleware:
    """Refuses chunked bodies, which come without a length: Django would read them as empty."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            refusal = LengthRequiredError("Send the body with a Content-Length. Chunked bodies are not supported.")
            return JsonResponse(problem(refusal), status=refusal.status)
        return self.get_response(request)


class DomainErrorMiddleware:
    """Turns domain errors into a page with the right status."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Show a DomainError as a page; leave all other errors alone."""
        if not isinstance(error, DomainError):
            return None
        return render(request, "problem.html", {"problem": error}, status=error.status)
