"""Domain errors on pages: one place that turns them into a page with the right status."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.common.errors import DomainError


class DomainErrorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A DomainError says what happened and what to do; anything else goes on as it is."""
        if not isinstance(error, DomainError):
            return None
        return render(request, "problem.html", {"problem": error}, status=error.status)
