"""What a model file sees of stored predictions, as far as it is kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec
from django.db.models import Exists, OuterRef, QuerySet, TextField
from django.db.models.functions import Cast

from apps.explanations.engine.parity import Case
from apps.explanations.engine.spec import Spec
from apps.explanations.models import Artifact, Attribution
from apps.predictions.models import Batch, Payload, Prediction
from apps.predictions.services import contents
from apps.registry.models import MonitoredModel

_decode = msgspec.json.Decoder(dict[str, Any]).decode
NARROW = ("prediction_id", "prediction__external_id", "prediction__predicted", "prediction__score")
WIDE = ("features", "processed")


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored prediction with what was sent: its key, its id as sent, what the model saw and what it said."""

    key: int
    external_id: str
    predicted: float
    score: float | None
    features: dict[str, Any]
    processed: dict[str, Any] | None
    # The client sent contributions of its own.
    is_explained: bool = False

    def row(self, spec: Spec) -> dict[str, Any]:
        """The model's own input: what was sent as `processed` if the file reads that, else the features."""
        return self.processed if spec.reads == "processed" and self.processed is not None else self.features

    def case(self, model: MonitoredModel, spec: Spec) -> Case:
        """What the model saw and said."""
        score = None if model.is_regression else self.score
        return Case(self.external_id, self.row(spec), score, model.decode(self.predicted))


def kept_rows(predictions: Sequence[Prediction]) -> list[Kept]:
    """Return the predictions whose payload is still kept, in their order."""
    if not predictions:
        return []
    sent = {each.prediction_id: each for each in contents.kept(predictions)}
    return [_kept(each, sent[each.pk]) for each in predictions if each.pk in sent]


def unexplained(batches: Sequence[Batch], artifact: Artifact, *, at_once: int) -> Iterator[list[Kept]]:
    """Yield the drawn predictions of these batches that neither their client nor the file has explained yet."""
    rows = _drawn(batches, artifact).annotate(**{f"{name}_text": Cast(name, TextField()) for name in WIDE})
    stream = rows.values_list(*NARROW, *(f"{name}_text" for name in WIDE)).iterator(chunk_size=at_once)
    while chunk := list(islice(stream, at_once)):
        yield [
            Kept(key, external_id, predicted, score, _decode(sent), None if processed is None else _decode(processed))
            for key, external_id, predicted, score, sent, processed in chunk
        ]


def _drawn(batches: Sequence[Batch], artifact: Artifact) -> QuerySet[Payload]:
    """The range of ids uses the BRIN index; the moments select the partitions."""
    times = [each.received_at for each in batches]
    done = Attribution.objects.filter(prediction=OuterRef("prediction_id"), artifact=artifact)
    return Payload.objects.filter(
        prediction_id__gte=min(each.first_id or 0 for each in batches),
        prediction_id__lte=max(each.last_id or 0 for each in batches),
        received_at__gte=min(times),
        received_at__lte=max(times),
        attributions__isnull=True,
        prediction__draw__batch__in=[each.pk for each in batches],
        prediction__version=artifact.version_id,
    ).exclude(Exists(done))


def _kept(prediction: Prediction, sent: Payload) -> Kept:
    return Kept(
        prediction.pk,
        prediction.external_id,
        prediction.predicted,
        prediction.score,
        sent.features,
        sent.processed,
        is_explained=sent.attributions is not None,
    )
