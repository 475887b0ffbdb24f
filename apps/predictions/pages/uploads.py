"""The pages of uploads: engineers upload a file, preview its rows, and follow its loading."""

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common.errors import ConflictError, DomainError
from apps.common.file_forms import FORM_BYTES
from apps.predictions.models import BatchKind, Upload
from apps.predictions.pages.forms import UploadForm
from apps.predictions.reading.files import ROWS_CHECKED, Look, bounds, look
from apps.predictions.reading.mapping import FIELDS, Naming
from apps.predictions.reading.nesting import GROUPS
from apps.predictions.reading.rejections import reasons
from apps.predictions.services import uploads
from apps.predictions.services.choosing import ChoicesForm
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model

UPLOADS_SHOWN = 50
# Further columns of a file get their default; for a model with more features, each column still offers its own name.
COLUMNS_SHOWN = FEATURES_OFFERED = 200
Choices = list[tuple[str, list[str]]]


@csrf_exempt  # `_answer` checks it: a check here would read the form, however large, before the sender is known
@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.ENGINEER)
def uploads_page(request: ProjectRequest, model: str) -> HttpResponseBase:
    """List the uploads, newest first, and take another file."""
    monitored = find_model(request.project, model)
    if request.method == "POST":
        bounds().check_size(int(request.META.get("CONTENT_LENGTH") or 0) - FORM_BYTES)
    return _answer(request, monitored)


@csrf_protect
def _answer(request: ProjectRequest, model: MonitoredModel) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            upload = _draft(request, model, form.cleaned_data["file"], BatchKind(form.cleaned_data["kind"]))
            return redirect("upload", request.project.slug, model.slug, upload.pk)
        except DomainError as error:
            form.add_error("file", error.message)
    context = {
        "model": model,
        "tab": "intake",
        "form": form,
        "uploads": Upload.objects.filter(model=model).newest().select_related("created_by")[:UPLOADS_SHOWN],
        "limit": settings.MAX_UPLOAD_BYTES,
    }
    return render(request, "predictions/uploads.html", context, status=400 if form.errors else 200)


def _draft(request: ProjectRequest, model: MonitoredModel, file: Any, kind: BatchKind) -> Upload:
    return uploads.draft(model, kind, file, name=file.name, content_type=file.content_type or "", by=request.user)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.ENGINEER)
def upload_page(request: ProjectRequest, model: str, upload: int) -> HttpResponse:
    """Preview a draft, or show how far a file is; POST acts on it."""
    monitored = find_model(request.project, model)
    uploaded: Upload = get_or_404(Upload.objects.filter(model=monitored).select_related("model__project"), pk=upload)
    if request.method == "POST":
        return _act(request, uploaded)
    if uploaded.status == "draft":
        return _draft_page(request, uploaded)
    context = {"model": monitored, "tab": "intake", "upload": uploaded}
    context["may_retry"] = uploaded.status == "failed" and uploads.has_file(uploaded)
    is_part = "HX-Request" in request.headers
    return render(request, "predictions/_upload.html" if is_part else "predictions/upload.html", context)


def _draft_page(request: ProjectRequest, upload: Upload) -> HttpResponse:
    context = {"model": upload.model, "tab": "intake", "upload": upload}
    return render(request, "predictions/draft.html", context | _preview(upload))


def _act(request: ProjectRequest, upload: Upload) -> HttpResponse:
    match request.POST.get("do"):
        case "look" if "HX-Request" in request.headers:
            # Its loading may start while the choice is under way.
            with suppress(ConflictError):
                if upload.status == "draft":
                    _choose(request, upload)
                    return _draft_page(request, upload)
            return HttpResponseClientRedirect(request.path)
        case "look":
            _choose(request, upload)
        case "load":
            _choose(request, upload)
            uploads.confirm(upload)
        case "retry":
            uploads.retry(upload)
        case "discard":
            uploads.discard(upload)
            messages.success(request, f"{upload.name} was discarded. None of its rows were stored.")
            return redirect("uploads", request.project.slug, upload.model.slug)
        case _:
            raise DomainError("This is not something to do with a file.")
    return redirect("upload", request.project.slug, upload.model.slug, upload.pk)


def _choose(request: ProjectRequest, upload: Upload) -> None:
    form = ChoicesForm(request.POST)
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        raise DomainError(f"{form.fields[name].label}: {errors[0]}")
    choices = form.choices
    names = uploads.columns(upload, choices)
    posted = {column: request.POST.get(f"column-{number}") for number, column in enumerate(names)}
    chosen = {column: name or None for column, name in posted.items() if name is not None}
    uploads.choose(upload, names, chosen, choices)


def _preview(upload: Upload) -> dict[str, Any]:
    file = uploads.opened(upload, is_whole=False)
    with file.body:
        preview = look(file)
    return {
        "look": preview,
        "columns": _columns(preview, file.naming, upload.model),
        "columns_left": max(len(preview.columns) - COLUMNS_SHOWN, 0),
        "form": ChoicesForm(initial=upload.choices),
        "reasons": reasons(preview.rejected),
        "good": preview.rows - len(preview.rejected),
        "is_all": preview.rows < ROWS_CHECKED,
    }


def _columns(preview: Look, naming: Naming, model: MonitoredModel) -> list[dict[str, Any]]:
    """List each column with an example, its field, and the other fields to choose from."""
    shared = _shared_choices(naming.kind, model)
    columns = []
    for number, column in enumerate(preview.columns[:COLUMNS_SHOWN]):
        name = naming.field(column)
        examples = [each for each in preview.fields.get(name or "", []) if each]
        choices = [*shared, ("Named after the column", _own_choices(column, name, shared, naming.kind))]
        columns.append({"at": number, "name": column, "field": name or "", "example": examples[:1], "choices": choices})
    return columns


def _shared_choices(kind: BatchKind, model: MonitoredModel) -> Choices:
    choices = [("Fields", list(FIELDS[kind]))]
    if kind == BatchKind.PREDICTIONS:
        choices.append(("Features", [f"features.{each.name}" for each in model.feature_list[:FEATURES_OFFERED]]))
        choices.append(("Probabilities", [f"probabilities.{each}" for each in model.classes]))
    return [(label, names) for label, names in choices if names]


def _own_choices(column: str, name: str | None, shared: Choices, kind: BatchKind) -> list[str]:
    group, _, inner = column.strip().partition(".")
    base = inner if group in GROUPS and inner else column.strip()
    named = [f"{group}.{base}" for group in GROUPS if base] if kind == BatchKind.PREDICTIONS else []
    offered = {each for _, names in shared for each in names}
    return [each for each in dict.fromkeys([*named, *([name] if name else [])]) if each not in offered]
