"""`/healthz` for supervisors and `/readyz` for load balancers, beside everything else that a request passes.

Probes call by address, and must be answered whatever the rest waits for: no check of the host name and no session.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe

from config.readiness import readyz


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001  # every view takes the request
    """Answer 200: this process is alive."""
    return JsonResponse({"status": "alive"})


VIEWS: dict[str, Callable[[HttpRequest], HttpResponseBase]] = {"/healthz": healthz, "/readyz": readyz}


class HealthMiddleware:
    """Answers the probes. It stands before whatever asks for a host name, a session or the database."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return VIEWS.get(request.path_info, self.get_response)(request)
