"""Problems of a domain act on a page that goes on: told as a message, once, for all such views."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages

from apps.accounts.services.access import ProjectRequest
from apps.common.errors import DomainError


@contextmanager
def problems_as_messages(request: ProjectRequest) -> Iterator[None]:
    """Show a DomainError as a message on the next page instead of raising it."""
    try:
        yield
    except DomainError as problem:
        messages.error(request, problem.message)
