"""The progress page of a running demo, served only to this machine."""

from ipaddress import ip_address
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.demo.services import state
from apps.demo.services.documents import VALUE_MODEL


@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """Show how far the demo is and the links to sign in. htmx requests only the part that changes."""
    if not settings.DEMO_STATE or not _is_from_this_machine(request):
        raise Http404
    current = state.read(Path(settings.DEMO_STATE))
    doors = _doors(current)
    context = {
        "progress": current,
        "since": current.now - state.SPAN if current else None,
        "statement": VALUE_MODEL["statement"],
        "doors": doors,
        "are_doors_new": request.GET.get("doors") != doors,
    }
    template = "demo/_changes.html" if request.headers.get("HX-Request") else "demo/progress.html"
    return render(request, template, context)


def _doors(current: state.Progress | None) -> str:
    """Return a key that changes whenever there is more to open."""
    return f"{len(current.links)}-{bool(current.finished_at)}" if current else ""


def _is_from_this_machine(request: HttpRequest) -> bool:
    """Say whether the request comes from this machine, without a proxy: the page shows links that sign in."""
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
