"""The files of a model's versions: registered, compared with stored predictions, looked at."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common.errors import DomainError
from apps.common.file_forms import FORM_BYTES
from apps.explanations.models import Artifact, ParityCheck
from apps.explanations.pages.forms import ModelFileForm
from apps.explanations.services import registering, storing
from apps.explanations.services.specs import spec_of
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model

CHECKS_SHOWN = 30


@csrf_exempt  # `_answer` checks it: a check here would read the form, however large, before the sender is known
@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.ENGINEER)
def files_page(request: ProjectRequest, model: str) -> HttpResponseBase:
    """List the files in force, and take another one."""
    monitored = find_model(request.project, model)
    if request.method == "POST":
        storing.check_size(int(request.META.get("CONTENT_LENGTH") or 0) - FORM_BYTES)
    return _answer(request, monitored)


@csrf_protect
def _answer(request: ProjectRequest, model: MonitoredModel) -> HttpResponse:
    form = ModelFileForm(request.POST or None, request.FILES or None, model=model)
    if request.method == "POST" and form.is_valid():
        try:
            made = _register(request, model, form.cleaned_data)
            return redirect("model_file", request.project.slug, model.slug, made.pk)
        except DomainError as error:
            form.add_error("file", error.message)
    files = Artifact.objects.in_force().filter(version__model=model).select_related("version")
    context = {
        "model": model,
        "tab": "explanations",
        "form": form,
        "files": [FileLine.of(each) for each in files.order_by("-version__first_seen_at")],
    }
    return render(request, "explanations/files.html", context, status=400 if form.errors else 200)


def _register(request: ProjectRequest, model: MonitoredModel, data: dict[str, Any]) -> Artifact:
    file = data["file"]
    made = registering.register(
        model, data["version"], file.file, name=file.name, document=data["document"], by=request.user
    )
    return made.artifact


@dataclass(frozen=True)
class FileLine:
    """A file with its newest finished check."""

    artifact: Artifact
    check: ParityCheck | None

    @classmethod
    def of(cls, artifact: Artifact) -> "FileLine":
        return cls(artifact, artifact.checks.filter(finished_at__isnull=False).order_by("-id").first())


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.ENGINEER)
def file_page(request: ProjectRequest, model: str, artifact: int) -> HttpResponse:
    """Show whether a file is the model that answered; POST checks it again."""
    monitored = find_model(request.project, model)
    files = Artifact.objects.filter(version__model=monitored).select_related("version__model__project", "registered_by")
    found: Artifact = get_or_404(files, pk=artifact)
    if request.method == "POST":
        try:
            registering.check_again(found, by=request.user)
        except DomainError as error:
            messages.error(request, error.message)
        return redirect("model_file", request.project.slug, monitored.slug, found.pk)
    checks = list(found.checks.order_by("-id")[:CHECKS_SHOWN])
    spec = spec_of(found)
    context = {
        "model": monitored,
        "tab": "explanations",
        "file": found,
        "check": next((each for each in checks if each.finished_at), None),
        "running": next((each for each in checks if not each.finished_at), None),
        "checks": checks,
        "inputs": spec.features,
        "spec": spec,
        "attributions": found.attributions.filter(code="").count(),
    }
    template = "explanations/_file.html" if request.headers.get("HX-Request") else "explanations/file.html"
    return render(request, template, context)
