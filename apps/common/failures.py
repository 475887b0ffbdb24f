"""Answers where no view matches, a view fails, or something is missing: JSON below /api/, a page elsewhere."""

import sys
from collections.abc import Sequence
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.views import defaults

from apps.common.api import problem
from apps.common.errors import DomainError
from apps.common.outages import is_outage

# A database that is away, locked or full is usually back in a moment.
RETRY_SECONDS = 2
# The window in which wrong passwords are counted.
SIGN_IN_RETRY_SECONDS = 300


def _is_api(path: str) -> bool:
    return path.startswith("/api/")


def _json(status: int, code: str, message: str) -> JsonResponse:
    return JsonResponse(problem(DomainError(message, code=code)), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer an unreadable request, or one for a host that is not served here."""
    if _is_api(request.path_info):
        return _json(400, "bad_request", "The request cannot be read, or names a host that is not served here.")
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer a request that raised PermissionDenied."""
    if _is_api(request.path_info):
        return _json(403, "forbidden", "You may not do this.")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer a request for an unknown address."""
    if _is_api(request.path_info):
        return _json(404, "not_found", "The API has no such address. /api/v1/schema lists them all.")
    return defaults.page_not_found(request, exception)


def method_not_allowed(request: HttpRequest, *, allowed: Sequence[str]) -> HttpResponseBase:
    """Answer a request with a method that no view knows."""
    if _is_api(request.path_info):
        answer = _json(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", f"Use one of: {', '.join(allowed)}.")
        answer["Allow"] = ", ".join(allowed)
        return answer
    return HttpResponseNotAllowed(allowed)


def too_many_requests(request: HttpRequest) -> HttpResponseBase:
    """Answer somebody who has tried too often to sign in."""
    answer = render(request, "429.html", status=HTTPStatus.TOO_MANY_REQUESTS)
    answer["Retry-After"] = str(SIGN_IN_RETRY_SECONDS)
    return answer


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Answer when a view fails: 503 where it can succeed later, else 500. Django logs the error."""
    if is_outage(sys.exception()):
        return unavailable(request.path_info)
    if _is_api(request.path_info):
        message = "Something went wrong on our side, and this installation has logged it. Try again in a moment."
        return _json(500, "server_error", message)
    return defaults.server_error(request)


def unavailable(path: str) -> HttpResponse:
    """Answer that the request can be sent again in a moment. This needs neither database nor session."""
    if _is_api(path):
        message = "The service or its database is busy or away for a moment. Nothing was stored; send it again."
        answer: HttpResponse = _json(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", message)
    else:
        page = loader.get_template("503.html").render({"home": f"{settings.PATH}/"})
        answer = HttpResponse(page, status=HTTPStatus.SERVICE_UNAVAILABLE)
    answer["Retry-After"] = str(RETRY_SECONDS)
    return answer
