"""Monitored models, their queues and incidents."""

from apps.registry.models.features import MISSING, Feature, Slice
from apps.registry.models.incident import Incident, IncidentKind
from apps.registry.models.monitored_model import ModelVersion, MonitoredModel, Task, ValueModel
from apps.registry.models.review_queue import Guideline, ReviewQueue
from apps.registry.models.score_binning import ScoreBinning

__all__ = [
    "MISSING",
    "Feature",
    "Guideline",
    "Incident",
    "IncidentKind",
    "ModelVersion",
    "MonitoredModel",
    "ReviewQueue",
    "ScoreBinning",
    "Slice",
    "Task",
    "ValueModel",
]
