"""A project's schedules, for its owners: who gets what, what became of it, and what is sent again."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common import numerals
from apps.notifications.models import Edition, Letter, Schedule, Subscription
from apps.notifications.pages import subscription_wording as wording
from apps.notifications.pages.subscription_forms import PersonForm
from apps.notifications.services import letters, subscribed, subscribing

EDITIONS_SHOWN = 20
PEOPLE_PER_PAGE = 100


@require_safe
@member_page(Role.OWNER)
def schedule_list(request: ProjectRequest) -> HttpResponse:
    zone = request.project.time_zone
    rows = [
        {
            "line": line,
            "what": wording.what(line.schedule),
            "when": wording.when(line.schedule),
            "next": wording.next_time(line.schedule),
            "waits": wording.edition_state(line.last, zone) if line.last else "",
        }
        for line in subscribed.lines(request.project)
    ]
    return render(request, "notifications/schedules.html", {"rows": rows})


@require_safe
@member_page(Role.OWNER)
def schedule_page(request: ProjectRequest, schedule: int) -> HttpResponse:
    """Show who gets a schedule, and its last editions."""
    found = _find(request, schedule)
    return _page(request, found, PersonForm(schedule=found))


def _page(request: ProjectRequest, schedule: Schedule, form: PersonForm) -> HttpResponse:
    active = Subscription.objects.active().filter(schedule=schedule).select_related("user").order_by("user__email")
    page = Paginator(active, PEOPLE_PER_PAGE).get_page(request.GET.get("page"))
    last = subscribed.last_letters(page.object_list)
    editions = subscribed.counted(Edition.objects.filter(schedule=schedule), limit=EDITIONS_SHOWN)
    context = {
        "schedule": schedule,
        "what": wording.what(schedule),
        "when": wording.when(schedule),
        "next": wording.next_time(schedule),
        "page": page,
        "people": [
            (each, wording.letter_state(last[each.pk]) if each.pk in last else None) for each in page.object_list
        ],
        "editions": [(each, wording.edition_state(each, request.project.time_zone)) for each in editions],
        "form": form,
    }
    return render(request, "notifications/schedule.html", context, status=422 if form.is_bound else 200)


@require_POST
@member_page(Role.OWNER)
def schedule_add(request: ProjectRequest, schedule: int) -> HttpResponse:
    """Send it to a member of the project too."""
    found = _find(request, schedule)
    form = PersonForm(request.POST, schedule=found)
    if not form.is_valid():
        return _page(request, found, form)
    person = form.cleaned_data["user"]
    subscribing.add(found, person, by=request.user)
    messages.success(request, f"{person.display_name} gets it too, and can leave by a link in each mail.")
    return redirect("schedule", request.project.slug, found.pk)


@require_POST
@member_page(Role.OWNER)
def schedule_end(request: ProjectRequest, schedule: int) -> HttpResponse:
    """Send it to somebody no more."""
    found = _find(request, schedule)
    rows = found.subscriptions.select_related("user", "schedule__project")
    subscribing.leave(get_or_404(rows, pk=request.POST.get("subscription", "")), by=request.user)
    messages.success(request, "They get no more of it.")
    return redirect("schedule", request.project.slug, found.pk)


@require_POST
@member_page(Role.OWNER)
def schedule_again(request: ProjectRequest, schedule: int) -> HttpResponse:
    """Send again what failed of an edition."""
    found = _find(request, schedule)
    edition = get_or_404(found.editions.all(), pk=request.POST.get("edition", ""))
    failed = Letter.objects.failed().filter(edition=edition, subscription__left_at=None)
    if count := letters.send_again(failed):
        messages.success(request, f"{numerals.count(count)} mail{'' if count == 1 else 's'} will be sent again.")
    else:
        messages.warning(request, "There was nothing to send.")
    return redirect("schedule", request.project.slug, found.pk)


@require_POST
@member_page(Role.OWNER)
def schedule_remove(request: ProjectRequest, schedule: int) -> HttpResponse:
    subscribing.remove(_find(request, schedule), by=request.user)
    messages.success(request, "The schedule is removed. Nobody gets more of it.")
    return redirect("schedules", request.project.slug)


def _find(request: ProjectRequest, schedule: int) -> Schedule:
    rows = Schedule.objects.in_project(request.project).select_related("model", "project")
    found: Schedule = get_or_404(rows, pk=schedule)
    return found
