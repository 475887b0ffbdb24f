"""Count contributions computed here: those of drawn predictions, each with the weight of its draw."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import TruncDate

from apps.explanations.models import Artifact, Attribution
from apps.explanations.services import reading
from apps.explanations.services.counting import PushCounter
from apps.explanations.services.push_rows import Document, PushRows
from apps.explanations.services.specs import spec_of
from apps.registry.models import MonitoredModel
from apps.sampling.models import Draw

ROWS_AT_ONCE = 1_000


@dataclass(frozen=True)
class Push:
    """What the model saw of a prediction, and what moved it."""

    inputs: Document
    contributions: Mapping[str, float]


def count(artifact: Artifact, made: Mapping[int, Push]) -> None:
    """Count contributions just stored, by the key of their prediction, in the caller's transaction.

    Only drawn predictions count: what a person chose to open has no known probability. Each counts once, though
    another file of its version explains it again.
    """
    model, method, space = artifact.model, artifact.method, artifact.space
    others = Attribution.objects.filter(prediction=OuterRef("prediction"), method=method, space=space, code="")
    drawn = Draw.objects.filter(prediction__in=made).exclude(Exists(others.exclude(artifact=artifact)))
    rows = _rows(drawn, made, model=model)
    if rows is None:
        return
    source = ComputedSource(model, method=method, space=space, besides=list(made))
    counter = PushCounter(model, method=method, space=space, source=source)
    counter.add(rows)
    counter.keep()


class ComputedSource:
    """Contributions of drawn predictions by one method in one unit; `besides` are the predictions at hand."""

    def __init__(self, model: MonitoredModel, *, method: str, space: str, besides: Sequence[int]) -> None:
        self.model, self.besides = model, besides
        stored = Attribution.objects.filter(model=model, method=method, space=space, code="")
        # Of several files, the first.
        first = stored.filter(prediction=OuterRef("prediction"), pk__lt=OuterRef("pk"))
        self.stored = stored.exclude(Exists(first)).select_related("artifact", "prediction")

    def before(self) -> Iterator[PushRows]:
        return self._read(self.stored.exclude(prediction__in=self.besides).order_by("pk"))

    def newest(self, version: int, *, limit: int) -> Iterator[PushRows]:
        return self._read(self.stored.filter(artifact__version=version).order_by("-pk")[:limit])

    def _read(self, found: QuerySet[Attribution]) -> Iterator[PushRows]:
        stored = list(found)
        for at in range(0, len(stored), ROWS_AT_ONCE):
            chunk = {each.prediction_id: each for each in stored[at : at + ROWS_AT_ONCE]}
            specs = {each.artifact_id: spec_of(each.artifact) for each in chunk.values()}
            made = {
                kept.key: Push(kept.row(specs[each.artifact_id]), each.values or {})
                for kept in reading.kept_rows([each.prediction for each in chunk.values()])
                for each in (chunk[kept.key],)
            }
            if (rows := _rows(Draw.objects.filter(prediction__in=made), made, model=self.model)) is not None:
                yield rows


def _rows(drawn: QuerySet[Draw], made: Mapping[int, Push], *, model: MonitoredModel) -> PushRows | None:
    """Return what moved these predictions; None without any."""
    dated = drawn.annotate(day=TruncDate("prediction__predicted_at", tzinfo=model.zone)).order_by()
    columns = ("prediction_id", "prediction__version_id", "day", "inclusion_probability", "prediction__slices")
    found = list(dated.values_list(*columns))
    if not found:
        return None
    keys, versions, days, shares, slices = zip(*found, strict=True)
    return PushRows.of(
        keys=keys,
        versions=versions,
        days=days,
        contributions=[made[key].contributions for key in keys],
        inputs=[made[key].inputs for key in keys],
        slices=slices,
        weights=[1 / share for share in shares],
    )
