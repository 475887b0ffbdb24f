"""Live work of a queue, for engineers: who holds what, and how it gets out of their hands."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Membership, Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common.errors import DomainError
from apps.registry.services.finding import find_queue
from apps.review import services
from apps.review.models import Slot
from apps.review.pages.forms import ReassignForm
from apps.review.pages.live_work import live_lines, live_slots, work_of

LINES = 50


@never_cache
@require_safe
@member_page(Role.ENGINEER)
def queue_live(request: ProjectRequest, queue: int) -> HttpResponse:
    found = find_queue(request.project, queue)
    page = Paginator(live_slots(found), LINES).get_page(request.GET.get("page"))
    members = Membership.objects.in_project(request.project).with_role_at_least(Membership.RANKS[Role.REVIEWER])
    context = {
        "queue": found,
        "model": found.model,
        "tab": "reviews",
        "work": work_of(found),
        "lines": live_lines(page.object_list),
        "page": page,
        "members": members.select_related("user").order_by("user__name", "user__email"),
    }
    return render(request, "review/live.html", context)


@require_POST
@member_page(Role.ENGINEER)
def slot_take_back(request: ProjectRequest, slot: int) -> HttpResponse:
    found = _slot(request, slot)
    try:
        services.release(found, by=request.user)
        messages.success(request, f"Case {found.item.prediction.external_id} is back in the queue.")
    except DomainError as problem:
        messages.error(request, problem.message)
    return redirect("queue_live", request.project.slug, found.queue_id)


@require_POST
@member_page(Role.ENGINEER)
def slot_reassign(request: ProjectRequest, slot: int) -> HttpResponse:
    found = _slot(request, slot)
    form = ReassignForm(request.POST)
    people = Membership.objects.in_project(request.project).select_related("user")
    to: Membership = get_or_404(people, user=form.cleaned_data["to"] if form.is_valid() else None)
    try:
        services.reassign(found, to=to, by=request.user)
        messages.success(request, f"Case {found.item.prediction.external_id} is kept for {to.user.display_name}.")
    except DomainError as problem:
        messages.error(request, problem.message)
    return redirect("queue_live", request.project.slug, found.queue_id)


@require_POST
@member_page(Role.ENGINEER)
def queue_pause(request: ProjectRequest, queue: int) -> HttpResponse:
    """Pause the queue, or resume it: the form says which, so that a second click does not undo the first."""
    found = find_queue(request.project, queue)
    if request.POST.get("act") == "resume":
        services.resume(found, by=request.user)
        messages.success(request, "The queue hands out cases again.")
    else:
        services.pause(found, by=request.user)
        messages.success(request, "The queue hands nothing out. What is in hand may be finished.")
    return redirect("queue_live", request.project.slug, found.pk)


def _slot(request: ProjectRequest, slot: int) -> Slot:
    found: Slot = get_or_404(Slot.objects.in_project(request.project).on_desk(), pk=slot)
    return found
