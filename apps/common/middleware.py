"""What concerns every request: bodies without a length, domain errors on pages."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from apps.common.api import problem
from apps.common.errors import DomainError, LengthRequiredError


class LengthMiddleware:
    """Refuses bodies that come without their length, in chunks: Django would take them for empty.

    Views that read chunks themselves say so: `reads_chunks = True`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        _args: tuple[object, ...],
        _named: dict[str, object],
    ) -> HttpResponse | None:
        if "HTTP_TRANSFER_ENCODING" not in request.META or request.META.get("CONTENT_LENGTH"):
            return None
        if getattr(getattr(view, "cls", None), "reads_chunks", False):
            return None
        refusal = LengthRequiredError("Send the body with its Content-Length, not in chunks.")
        return JsonResponse(problem(refusal), status=refusal.status)


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
