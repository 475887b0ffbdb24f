"""The settings of a queue, for engineers: its rules, what they mean, and how the desk will look."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, member_page
from apps.registry.models import ReviewQueue
from apps.registry.services.finding import find_queue
from apps.review import services
from apps.review.pages import rule_effects
from apps.review.pages.cases import CERTAINTIES
from apps.review.pages.choices import classes
from apps.review.pages.queue_forms import QueueForm
from apps.review.services import expecting


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.ENGINEER)
def settings_page(request: ProjectRequest, queue: int) -> HttpResponse:
    found = find_queue(request.project, queue)
    form = _form(request, found)
    if form.is_valid():
        changes = services.change_queue(
            found, by=request.user, document=form.document, blind_share=form.blind_share_changed
        )
        if changes:
            messages.success(request, " ".join(rule_effects.from_when(changes)))
        else:
            messages.info(request, "No changes.")
        return redirect("queue_settings", request.project.slug, found.pk)
    context = _preview(found, form) | {"tab": "reviews", "form": form}
    return render(request, "review/queue_settings.html", context, status=400 if form.is_bound else 200)


@require_POST
@member_page(Role.ENGINEER)
def preview(request: ProjectRequest, queue: int) -> HttpResponse:
    """Show what the form would mean. Fields with mistakes keep their current value."""
    found = find_queue(request.project, queue)
    form = _form(request, found)
    form.full_clean()
    return render(request, "review/_queue_preview.html", _preview(found, form))


def _form(request: ProjectRequest, queue: ReviewQueue) -> QueueForm:
    data = request.POST if request.method == "POST" else None
    return QueueForm.of(queue, data, is_owner=request.membership.reaches(Role.OWNER))


def _preview(queue: ReviewQueue, form: QueueForm) -> dict[str, Any]:
    rules = {**form.initial, **(form.cleaned_data if form.is_bound else {})}
    observed = expecting.observe([queue])[queue.pk]
    return {
        "queue": queue,
        "model": queue.model,
        "rules": rules,
        "unclear": [form[name].label for name in form.errors],
        "expected": rule_effects.sentences(rules, observed),
        "choices": classes(queue.model),
        "certainties": CERTAINTIES,
    }
