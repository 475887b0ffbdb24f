"""How much people review, in one sentence, for pages that everybody sees."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, member_page
from apps.registry.services.finding import find_model


@require_safe
@member_page(Role.STAKEHOLDER)
def sampling_told(request: ProjectRequest, model: str) -> HttpResponse:
    """A fragment that other pages load: its first computation in an hour takes a while."""
    # Loads scipy.special, which few requests need.
    from apps.planning.services import telling  # noqa: PLC0415  # see above

    return render(request, "planning/_told.html", {"said": telling.planned(find_model(request.project, model))})
