"""The loaded models of this process, each in a sealed process of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import msgspec
import structlog
from django.db.models import F

from apps.common.errors import DomainError
from apps.explanations.engine.running import Child, ChildDied, Children
from apps.explanations.models import Artifact
from apps.explanations.services import storing
from apps.explanations.services.specs import spec_of

log = structlog.get_logger(__name__)

MOST_DEATHS = 3
QUARANTINED = "It ended its process {} times, the last time so: {}"

_children = Children()


class ModelDiedError(DomainError):
    """The process of a model file died or had to be killed."""

    status = 503
    code = "model_died"


@contextmanager
def loaded(artifact: Artifact) -> Iterator[Child]:
    """Give the process that has this file loaded, and count its death if it dies.

    Raises ModelDiedError, and what `Children.get` raises for a file that cannot be loaded.
    """
    try:
        yield _children.get(_key(artifact), artifact.format, spec_of(artifact), lambda: storing.content(artifact))
    except ChildDied as error:
        _count_death(artifact, str(error))
        raise ModelDiedError(f"The process of the model file ended: {error}") from error


def _key(artifact: Artifact) -> str:
    """The same file, fed in the same way, is loaded once."""
    fed = sha256(msgspec.json.encode(artifact.spec, order="sorted")).hexdigest()
    return f"{artifact.format}:{bytes(artifact.sha256).hex()}:{fed}"


def _count_death(artifact: Artifact, why: str) -> None:
    log.warning("model_process_died", artifact=artifact.pk, why=why)
    mine = Artifact.objects.filter(pk=artifact.pk)
    mine.update(deaths=F("deaths") + 1)
    mine.filter(deaths__gte=MOST_DEATHS).update(
        state=Artifact.State.QUARANTINED, reason=QUARANTINED.format(MOST_DEATHS, why)
    )
