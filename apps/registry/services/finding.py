"""Finding a project's models and queues by what URLs and API calls name them."""

from dataclasses import dataclass

from apps.accounts.models import Project
from apps.accounts.services.access import get_or_404
from apps.common.errors import ConflictError, NotFoundError
from apps.registry.models import MonitoredModel, ReviewQueue


def find_model(project: Project, slug: str) -> MonitoredModel:
    """Return the project's model of that name. Raises NotFoundError."""
    model: MonitoredModel = get_or_404(MonitoredModel.objects.in_project(project).select_related("project"), slug=slug)
    return model


@dataclass(frozen=True)
class QueueReference:
    """A queue as URLs and API calls name it: by number, by `model:queue`, or by its name alone."""

    number: int | None = None
    model: str | None = None
    slug: str | None = None

    @classmethod
    def parse(cls, name: str) -> "QueueReference":
        if not name.isprintable():  # PostgreSQL takes no NUL, and no queue has such a name
            return cls()
        if name.isdecimal() and len(name) <= 18:
            return cls(number=int(name))
        model, separator, slug = name.partition(":")
        return cls(model=model, slug=slug) if separator else cls(slug=name)


def find_queue(project: Project, name: str | int) -> ReviewQueue:
    """Return a queue by number, by `model:queue`, or by name where only one model has it.

    Raises NotFoundError, or ConflictError where several models have a queue of that name.
    """
    name = str(name)
    reference = QueueReference.parse(name)
    queues = ReviewQueue.objects.in_project(project).select_related("model")
    queues = queues.filter(slug=reference.slug) if reference.number is None else queues.filter(pk=reference.number)
    if reference.model is not None:
        queues = queues.filter(model__slug=reference.model)
    found: list[ReviewQueue] = list(queues[:2])
    if len(found) > 1:
        raise ConflictError(f"Several models have a queue {name!r}; say model:{name}.", code="ambiguous_queue")
    if not found:
        raise NotFoundError(f"There is no queue {name!r} in this project.")
    (queue,) = found
    queue.model.project = project
    return queue
