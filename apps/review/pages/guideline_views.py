"""Guidelines of a queue: read beside the case or as a page, compared, and written by engineers."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common.errors import ConflictError, DomainError
from apps.common.markdown import to_html
from apps.registry.models import Guideline, ReviewQueue
from apps.registry.services import guidelines
from apps.registry.services.finding import find_queue
from apps.review.pages.queue_forms import GuidelineForm

VERSIONS_SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.REVIEWER, post=Role.ENGINEER)
def guidelines_page(request: ProjectRequest, queue: int) -> HttpResponse:
    """Show the current version, or one by its number; for a script, the text alone. POST writes a new version."""
    found = find_queue(request.project, queue)
    if request.method == "POST":
        return _write(request, found)
    shown = _version(found, request.GET.get("version"))
    if "X-Fragment" in request.headers:
        return render(request, "review/_guideline.html", _shown(request, found, shown))
    return _page(request, found, shown, GuidelineForm.following(found.guideline))


@require_POST
@member_page(Role.ENGINEER)
def preview(request: ProjectRequest, queue: int) -> HttpResponse:
    """Show how a text will look while it is written."""
    get_or_404(ReviewQueue.objects.in_project(request.project), pk=queue)
    text = request.POST.get("text", "")
    is_long = len(text.replace("\r\n", "\n")) > guidelines.LONGEST_TEXT
    context = {"html": "" if is_long else to_html(text), "is_long": is_long, "longest": guidelines.LONGEST_TEXT}
    return render(request, "review/_guideline_preview.html", context)


def _write(request: ProjectRequest, queue: ReviewQueue) -> HttpResponse:
    form, current = GuidelineForm(request.POST), queue.guideline
    if not form.is_valid():
        return _page(request, queue, current, form, status=400)
    try:
        written = guidelines.write(queue, by=request.user, **form.cleaned_data)
    except DomainError as error:
        form.add_error(error.details.get("field"), error.message)
        if isinstance(error, ConflictError):
            form.now_follows(error.details["version"])
        return _page(request, queue, queue.guideline, form, status=error.status)
    if current is not None and written.pk == current.pk:
        messages.info(request, f"No changes. Version {written.version} stays in force.")
    else:
        messages.success(request, f"Version {written.version} is in force: reviewers see it the next time they look.")
    return redirect("queue_guidelines", request.project.slug, queue.pk)


def _page(
    request: ProjectRequest, queue: ReviewQueue, shown: Guideline | None, form: GuidelineForm, *, status: int = 200
) -> HttpResponse:
    versions = queue.guidelines.defer("text").select_related("written_by").order_by("-version")
    listed = Paginator(versions, VERSIONS_SHOWN).get_page(request.GET.get("page"))
    context = _shown(request, queue, shown) | {
        "tab": "reviews",
        "versions": listed,
        "page": listed,
        "newest": versions.values_list("version", flat=True).first(),
        "form": form,
        "drafted": to_html(str(form["text"].value() or "")[: guidelines.LONGEST_TEXT]),
    }
    if shown is not None and shown.version > 1:
        earlier = _version(queue, request.GET.get("against") or str(shown.version - 1))
        assert earlier is not None
        context |= {"earlier": earlier, "lines": guidelines.difference(earlier, shown)}
    return render(request, "review/guidelines.html", context, status=status)


def _shown(request: ProjectRequest, queue: ReviewQueue, shown: Guideline | None) -> dict[str, Any]:
    return {
        "queue": queue,
        "model": queue.model,
        "guideline": shown,
        "html": guidelines.rendered(shown) if shown else "",
        "may_write": request.membership.reaches(Role.ENGINEER),
    }


def _version(queue: ReviewQueue, number: str | None) -> Guideline | None:
    """Return the version with this number; without a number the current one, if any."""
    versions = queue.guidelines.select_related("written_by")
    if not number:
        return versions.order_by("-version").first()
    found: Guideline = get_or_404(versions, version=number)
    return found
