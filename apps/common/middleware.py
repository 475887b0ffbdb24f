"""Middleware for every request: refuses bodies without a length, and shows domain errors as pages."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from apps.common.api import problem
from apps.common.errors import DomainError, LengthRequiredError


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
