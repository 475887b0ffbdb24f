"""Answers where no view gives one, or one breaks: JSON below /api/, a page elsewhere."""

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views import defaults

from apps.common.api import problem
from apps.common.errors import DomainError


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _json(status: int, code: str, message: str) -> JsonResponse:
    return JsonResponse(problem(DomainError(message, code=code)), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """What cannot be read, or names a host that is not served here."""
    if _is_api(request):
        return _json(400, "bad_request", "The request cannot be read, or names a host that is not served here.")
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """What nobody may do this way."""
    if _is_api(request):
        return _json(403, "forbidden", "This is not open to you.")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """An address that there is not."""
    if _is_api(request):
        return _json(404, "not_found", "There is no such address in the API; /api/v1/schema lists all.")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """A defect of ours; the log has it."""
    if _is_api(request):
        message = "Something went wrong on our side; it is in the log of this installation. Try again in a moment."
        return _json(500, "server_error", message)
    return defaults.server_error(request)
