"""Monitored models, their queues, incidents and findings."""

from apps.registry.models.features import MISSING, Feature, Slice
from apps.registry.models.finding import Finding
from apps.registry.models.follow_up import FollowUp, Helped
from apps.registry.models.incident import Incident, IncidentKind
from apps.registry.models.monitored_model import ModelVersion, MonitoredModel, Task, ValueModel
from apps.registry.models.review_queue import Guideline, ReviewQueue
from apps.registry.models.score_binning import ScoreBinning

__all__ = [
    "MISSING",
    "Feature",
    "Finding",
    "FollowUp",
    "Guideline",
    "Helped",
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
