"""What came of each policy, as a file."""

from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, member_page
from apps.common.errors import NotFoundError
from apps.common.exports import STREAMED, streamed
from apps.registry.services.finding import find_model

FORMATS = {renderer.format: renderer for renderer in STREAMED}


@require_safe
@member_page(Role.ENGINEER)
def results_file(request: ProjectRequest, model: str, form: str) -> HttpResponseBase:
    """One line for each of the last 28 days and version of a policy."""
    # Loads scipy.special, which few requests need.
    from apps.planning.pages.results import KINDS, file_rows  # noqa: PLC0415  # see above

    monitored = find_model(request.project, model)
    if form not in FORMATS:
        raise NotFoundError(f"There is no format {form!r}.")
    return streamed(file_rows(monitored), KINDS, renderer=FORMATS[form](), name=f"{monitored.slug}-policies")
