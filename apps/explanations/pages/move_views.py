"""The page *Explanations*: what moves a model."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, member_page
from apps.common.errors import NotFoundError
from apps.common.exports import STREAMED, streamed
from apps.explanations.pages import move_texts
from apps.explanations.pages.move_forms import MovesForm
from apps.explanations.pages.moves_seen import Moves
from apps.explanations.services import moves
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model

FORMATS = {renderer.format: renderer for renderer in STREAMED}
KINDS = {
    "feature": "text",
    "label": "text",
    "importance": "number",
    "low": "number",
    "high": "number",
    "rows": "integer",
    "method": "text",
    "space": "text",
}


@require_safe
@member_page(Role.ENGINEER)
def explanations_page(request: ProjectRequest, model: str) -> HttpResponse:
    """Show what moves the model, one feature opened if asked for, and what changed."""
    monitored = find_model(request.project, model)
    context = {"model": monitored, "tab": "explanations", "formats": list(FORMATS)}
    form = _form(request, monitored)
    if form is None:
        return render(request, "explanations/moves.html", context)
    seen, name = Moves(monitored, form.bins, form.window), request.GET.get("feature", "")
    query = request.GET.copy()
    for each in ("feature", "all"):
        query.pop(each, None)
    context |= {"form": form, "window": form.window, "method": move_texts.method_words(form.bins), "seen": seen}
    context["query"] = query.urlencode()
    if seen.found:
        lines, axis = seen.lines(shows_all="all" in request.GET)
        context |= {
            "said": seen.said(),
            "lines": lines,
            "axis": axis,
            "opened": seen.opened(name) if name in seen.found else None,
            "feature": name,
            "left": len(seen.found) - len(lines),
            "directions": move_texts.directions(monitored),
            "compared": seen.compared(form.other) if form.other else None,
        }
    return render(request, "explanations/moves.html", context, status=400 if form.errors else 200)


@require_safe
@member_page(Role.ENGINEER)
def importance_file(request: ProjectRequest, model: str, form: str) -> HttpResponseBase:
    """Download the importance of all features in the chosen window."""
    monitored = find_model(request.project, model)
    if form not in FORMATS:
        raise NotFoundError(f"There is no format {form!r}.")
    asked = _form(request, monitored)
    if asked is None:
        return redirect("explanations", request.project.slug, monitored.slug)
    lines = Moves(monitored, asked.bins, asked.window).documents()
    return streamed(lines, KINDS, renderer=FORMATS[form](), name=f"{monitored.slug}-importance")


def _form(request: ProjectRequest, model: MonitoredModel) -> MovesForm | None:
    """Return the form with what is asked for; None where nothing is counted yet."""
    bins = moves.all_bins(model)
    if not bins:
        return None
    chosen = next((each for each in bins if str(each.pk) == request.GET.get("method")), bins[0])
    days = moves.days_of(chosen)
    last = days[1] if days else timezone.now().astimezone(model.zone).date()
    named = [(each, move_texts.method_words(each)) for each in bins]
    return MovesForm(request.GET, bins=named, versions=moves.versions_of(chosen), last=last)
