"""Finding a project's models and queues by what URLs and API calls name them."""

from apps.accounts.models import Project
from apps.accounts.services.access import get_or_404
from apps.common.errors import ConflictError, NotFoundError
from apps.registry.models import MonitoredModel, ReviewQueue


def find_model(project: Project, slug: str) -> MonitoredModel:
    """Return the project's model of that name. Raises NotFoundError."""
    model: MonitoredModel = get_or_404(MonitoredModel.objects.in_project(project).select_related("project"), slug=slug)
    return model


def find_queue(project: Project, name: str | int) -> ReviewQueue:
    """Return a queue by number, by `model:queue`, or by name where only one model has it.

    Raises NotFoundError, or ConflictError where several models have a queue of that name.
    """
    queues = ReviewQueue.objects.in_project(project).select_related("model")
    name = str(name)
    if name.isdecimal() and len(name) <= 18:
        found: list[ReviewQueue] = list(queues.filter(pk=int(name)))
    elif ":" in name:
        model, _, slug = name.partition(":")
        found = list(queues.filter(model__slug=model, slug=slug))
    else:
        found = list(queues.filter(slug=name)[:2])
    if len(found) > 1:
        raise ConflictError(f"Several models have a queue {name!r}; say model:{name}.", code="ambiguous_queue")
    if not found:
        raise NotFoundError(f"There is no queue {name!r} in this project.")
    (queue,) = found
    queue.model.project = project
    return queue
