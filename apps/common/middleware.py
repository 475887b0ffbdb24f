"""What concerns every request: bodies without a length, domain errors on pages."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from apps.common.api import problem
from apps.common.errors import DomainError, LengthRequiredError


class LengthMiddleware:
    """Refuses bodies that come without their length, in chunks: Django would take them for empty."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            refusal = LengthRequiredError("Send the body with its Content-Length, not in chunks.")
            return JsonResponse(problem(refusal), status=refusal.status)
        return self.get_response(request)


class DomainErrorMiddleware:
    """One place that turns domain errors into a page with the right status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A DomainError says what happened and what to do; anything else goes on as it is."""
        if not isinstance(error, DomainError):
            return None
        return render(request, "problem.html", {"problem": error}, status=error.status)
