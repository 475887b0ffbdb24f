"""Middleware for every request: refuses odd methods and bodies without a length; shows domain errors as pages."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse, StreamingHttpResponse
from django.shortcuts import render

from apps.common.api import problem
from apps.common.errors import DomainError, LengthRequiredError


class MethodMiddleware:
    """Refuses methods that no view knows, and answers HEAD as GET without the body, where a view has GET."""

    KNOWN = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in self.KNOWN:
            return HttpResponseNotAllowed(self.KNOWN)
        response = self.get_response(request)
        if request.method == "HEAD":
            if isinstance(response, StreamingHttpResponse):
                response.streaming_content = ()  # an export of millions of rows is not read
            else:
                response.content = b""
        return response


class LengthMiddleware:
    """Refuses chunked bodies, which come without a length: Django would read them as empty."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            refusal = LengthRequiredError("Send the body with a Content-Length. Chunked bodies are not supported.")
            return JsonResponse(problem(refusal), status=refusal.status)
        return self.get_response(request)


class DomainErrorMiddleware:
    """Turns domain errors into a page with the right status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Show a DomainError as a page; leave all other errors alone."""
        if not isinstance(error, DomainError):
            return None
        return render(request, "problem.html", {"problem": error}, status=error.status)
