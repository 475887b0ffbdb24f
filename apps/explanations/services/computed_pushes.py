"""Read and count contributions computed here: those of drawn predictions, each with the weight of its draw."""

from collections.abc import Iterator, Sequence

from django.db.models import Exists, OuterRef, QuerySet

from apps.explanations.models import Artifact, Attribution
from apps.explanations.services import reading
from apps.explanations.services.counting import PushCounter
from apps.explanations.services.push_rows import PushRows
from apps.explanations.services.specs import spec_of
from apps.registry.models import MonitoredModel

ROWS_AT_ONCE = 1_000


class ComputedSource:
    """Contributions of drawn predictions by one method in one unit; `besides` are the predictions at hand."""

    def __init__(self, model: MonitoredModel, *, method: str, space: str, besides: Sequence[int]) -> None:
        self.model, self.besides = model, besides
        self.stored = _counted(Attribution.objects.filter(model=model, method=method, space=space))

    def before(self) -> Iterator[PushRows]:
        return _read(self.model, self.stored.exclude(prediction__in=self.besides).order_by("pk"))

    def newest(self, version: int, *, limit: int) -> Iterator[PushRows]:
        return _read(self.model, self.stored.filter(artifact__version=version).order_by("-pk")[:limit])


def count(artifact: Artifact, made: Sequence[int]) -> None:
    """Count the stored contributions of these predictions, in the caller's transaction.

    Only drawn predictions count: what a person chose to open has no known probability. Each counts once, though
    another file of its version explains it again.
    """
    model = artifact.model
    own = _counted(Attribution.objects.filter(artifact=artifact, prediction__in=made))
    if not own.exists():
        return
    source = ComputedSource(model, method=artifact.method, space=artifact.space, besides=made)
    counter = PushCounter(model, method=artifact.method, space=artifact.space, source=source)
    for rows in _read(model, own.order_by("pk")):
        counter.add(rows)
    counter.keep()


def _counted(found: QuerySet[Attribution]) -> QuerySet[Attribution]:
    """Keep those that count: of drawn predictions, and the first by a method."""
    first = Attribution.objects.filter(
        prediction=OuterRef("prediction"), method=OuterRef("method"), space=OuterRef("space"), code=""
    ).filter(pk__lt=OuterRef("pk"))
    return found.filter(code="", prediction__draw__isnull=False).exclude(Exists(first))


def _read(model: MonitoredModel, found: QuerySet[Attribution]) -> Iterator[PushRows]:
    stored = list(found.select_related("prediction__draw", "artifact"))
    for at in range(0, len(stored), ROWS_AT_ONCE):
        chunk = {each.prediction_id: each for each in stored[at : at + ROWS_AT_ONCE]}
        specs = {each.artifact_id: spec_of(each.artifact) for each in chunk.values()}
        kept = reading.kept_rows([each.prediction for each in chunk.values()])
        if not kept:
            continue
        made = [chunk[each.prediction.pk] for each in kept]
        yield PushRows.of(
            keys=[each.prediction.pk for each in kept],
            versions=[each.prediction.version_id for each in kept],
            days=[each.prediction.predicted_at.astimezone(model.zone).date() for each in kept],
            contributions=[each.values or {} for each in made],
            inputs=[row.row(specs[each.artifact_id]) for row, each in zip(kept, made, strict=True)],
            slices=[each.prediction.slices for each in kept],
            weights=[1 / each.prediction.draw.inclusion_probability for each in kept],
        )
