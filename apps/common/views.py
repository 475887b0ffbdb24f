"""The health check for supervisors; `config.readiness` has the one for load balancers."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001  # every view takes the request
    """Answer 200: this process is alive."""
    return JsonResponse({"status": "alive"})
