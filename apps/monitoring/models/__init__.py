"""Counts of what arrived, counts of each day of predictions, and events in them."""

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
