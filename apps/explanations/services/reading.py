"""What a model file sees of stored predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apps.explanations.engine.parity import Case
from apps.explanations.engine.spec import Spec
from apps.predictions.models import Payload, Prediction
from apps.predictions.services import contents
from apps.registry.models import MonitoredModel


@dataclass(frozen=True)
class Kept:
    """A prediction whose payload is still kept."""

    prediction: Prediction
    sent: Payload

    def row(self, spec: Spec) -> dict[str, Any]:
        """The model's own input: what was sent as `processed` if the file reads that, else the features."""
        document: dict[str, Any] = self.sent.features
        if spec.reads == "processed" and self.sent.processed is not None:
            document = self.sent.processed
        return document

    def case(self, model: MonitoredModel, spec: Spec) -> Case:
        """What the model saw and said."""
        each = self.prediction
        score = None if model.is_regression else each.score
        return Case(each.external_id, self.row(spec), score, model.decode(each.predicted))


def kept_rows(predictions: Sequence[Prediction]) -> list[Kept]:
    """Return the predictions whose payload is still kept, with it."""
    if not predictions:
        return []
    sent = {each.prediction_id: each for each in contents.kept(predictions)}
    return [Kept(each, sent[each.pk]) for each in predictions if each.pk in sent]
