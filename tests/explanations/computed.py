"""Contributions as a worker stores them, without a model file that computes them."""

from typing import Any

from apps.explanations.models import Artifact, Attribution
from apps.predictions.models import Prediction
from apps.registry.models import ModelVersion


def make_artifact(version: ModelVersion, **fields: Any) -> Artifact:
    """Return the file in force of a version."""
    known = {"format": Artifact.Format.XGBOOST, "sha256": bytes(range(32)), "size": 1, "spec": {"features": []}}
    ready = {"state": Artifact.State.READY, "method": "tree", "space": "margin"}
    return Artifact.objects.create(version=version, **(known | ready | fields))


def make_attribution(prediction: Prediction, **fields: Any) -> Attribution:
    """Store contributions to a prediction, in log-odds by default."""
    in_force = Artifact.objects.filter(version=prediction.version_id, replaced_at=None)
    artifact = in_force.first() or make_artifact(prediction.version)
    known = {"model": prediction.model, "artifact": artifact, "method": artifact.method, "space": artifact.space}
    return Attribution.objects.create(prediction=prediction, **(known | fields))
