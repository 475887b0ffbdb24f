"""The progress page of a running demo: open to whoever sits at this machine, and to nobody else."""

from ipaddress import ip_address
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from apps.demo.services import state
from apps.demo.services.documents import VALUE_MODEL


@never_cache
@require_GET
def progress(request: HttpRequest) -> HttpResponse:
    """How far the demo is, and the ways in. htmx asks for the part that changes."""
    if not settings.DEMO_STATE or not _is_at_this_machine(request):
        raise Http404
    found = state.read(Path(settings.DEMO_STATE))
    doors = _doors(found)
    context = {
        "progress": found,
        "since": found.now - state.SPAN if found else None,
        "statement": VALUE_MODEL["statement"],
        "doors": doors,
        "are_doors_new": request.GET.get("doors") != doors,
    }
    template = "demo/_changes.html" if request.headers.get("HX-Request") else "demo/progress.html"
    return render(request, template, context)


def _doors(found: state.Progress | None) -> str:
    """Changes when there is more to open than before."""
    return f"{len(found.links)}-{bool(found.finished_at)}" if found else ""


def _is_at_this_machine(request: HttpRequest) -> bool:
    """The page shows ways to sign in, so it is not for the network, nor for whom a proxy speaks."""
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
