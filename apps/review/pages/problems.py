"""Domain errors as messages, for views that redirect in any case."""

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
