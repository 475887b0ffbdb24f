"""Model files, what was computed with them, and what people tried."""

from apps.explanations.models.artifacts import Artifact, ArtifactPiece, ParityCheck
from apps.explanations.models.attributions import Attribution
from apps.explanations.models.cells import AddedUp, AttributionDay, PushBins, Unusual, UsualPushes, UsualValues
from apps.explanations.models.trials import Trial

__all__ = [
    "AddedUp",
    "Artifact",
    "ArtifactPiece",
    "Attribution",
    "AttributionDay",
    "ParityCheck",
    "PushBins",
    "Trial",
    "Unusual",
    "UsualPushes",
    "UsualValues",
]
