"""The contributions of a prediction that may be shown: those sent with it, else those computed with its model file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.explanations.engine.spec import Method
from apps.explanations.models import Attribution
from apps.explanations.services import adding_up
from apps.explanations.services.adding_up import Code
from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel


@dataclass(frozen=True)
class Contributions:
    """How far each feature moved a prediction from the base, and how that came about.

    Without values, `code` says why they are not shown; with them, it may say that nobody could check their sum.
    """

    method: str
    values: Mapping[str, float] = field(default_factory=dict)
    base: float | None = None
    # Unknown where nothing tells in which units a client adds up.
    space: str = ""
    # Sums in these units read as the prediction: not after calibration, nor as a margin among several classes.
    reads: bool = False
    code: str = ""
    # Of methods that try many changes of the input: how many.
    evaluations: int | None = None
    # The model file that they were computed with.
    fingerprint: str = ""

    @property
    def source(self) -> dict[str, Any]:
        """How they came about, for programs."""
        return {
            "method": self.method,
            "space": self.space or None,
            "code": self.code or None,
            "evaluations": self.evaluations,
            "file": self.fingerprint.replace(" ", "") or None,
        }


def contributions_of(
    prediction: Prediction, *, model: MonitoredModel, sent: Mapping[str, float] | None, base: float | None
) -> Contributions | None:
    """Return what may be shown beside the prediction; None if nothing was sent or computed.

    Contributions give the prediction away: never ask before a blind first answer.
    """
    return _sent(prediction, model, sent, base) if sent else _computed(prediction, model)


def _sent(
    prediction: Prediction, model: MonitoredModel, values: Mapping[str, float], base: float | None
) -> Contributions:
    total = None if base is None else base + sum(values.values())
    found = adding_up.space_of(model, total, _told(prediction, model))
    if found == Code.DOES_NOT_ADD_UP:
        return Contributions(Method.SENT, code=found)
    if isinstance(found, Code):
        return Contributions(Method.SENT, values, base, code=found)
    return Contributions(Method.SENT, values, base, space=found, reads=True)


def _computed(prediction: Prediction, model: MonitoredModel) -> Contributions | None:
    """Return what the file in force computed. Its sum was checked when it was stored."""
    in_force = Attribution.objects.filter(prediction=prediction.pk, artifact__version=prediction.version_id)
    found = in_force.filter(artifact__replaced_at=None).select_related("artifact").first()
    if found is None:
        return None
    total = None if found.values is None or found.base is None else found.base + sum(found.values.values())
    return Contributions(
        method=found.method,
        values=found.values or {},
        base=found.base,
        space=found.space,
        reads=adding_up.space_of(model, total, _told(prediction, model)) == found.space,
        code=found.code,
        evaluations=found.evaluations,
        fingerprint=found.artifact.fingerprint,
    )


def _told(prediction: Prediction, model: MonitoredModel) -> float | None:
    """The number that contributions must reach: see `adding_up.check`."""
    return prediction.predicted if model.is_regression else prediction.score
