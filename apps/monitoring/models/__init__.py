"""What was received, what the data look like day by day, and what is not like the weeks before."""

from apps.monitoring.models.counts import Counted, DayCount, Reference, Series, Stage, TruthCounted
from apps.monitoring.models.intake import FeatureDay, FeatureSeen, IntakeHour
from apps.monitoring.models.watch import DataEvent, Watched, WeakSearch

__all__ = [
    "Counted",
    "DataEvent",
    "DayCount",
    "FeatureDay",
    "FeatureSeen",
    "IntakeHour",
    "Reference",
    "Series",
    "Stage",
    "TruthCounted",
    "Watched",
    "WeakSearch",
]
