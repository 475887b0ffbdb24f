"""Counts of what was received, once per batch: volumes by hour, and the shape of each feature by day."""

from django.db import models

from apps.monitoring.querysets import FeatureDayQuerySet
from apps.predictions.models import BatchKind
from apps.registry.models import ModelVersion, MonitoredModel


class IntakeHour(models.Model):
    """Rows that a model received in one hour: newly stored, and sent before."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="intake_hours")
    kind = models.CharField(max_length=16, choices=BatchKind)
    # its first moment
    hour = models.DateTimeField()
    batches = models.PositiveBigIntegerField()
    accepted = models.PositiveBigIntegerField()
    duplicates = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "hour", "kind"], name="one_count_per_hour")]

    def __str__(self) -> str:
        return f"{self.accepted} {self.kind} at {self.hour:%Y-%m-%d %H}h"


class FeatureDay(models.Model):
    """Counts of one feature over the predictions of one version received on one day."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="feature_days")
    version = models.ForeignKey(ModelVersion, models.CASCADE, db_index=False, related_name="+")
    # of arrival, in the project's time zone
    day = models.DateField()
    # empty: all features beyond the limit together
    feature = models.CharField(max_length=200, blank=True)
    rows = models.PositiveBigIntegerField()
    missing = models.PositiveBigIntegerField()
    nulls = models.PositiveBigIntegerField()
    unexpected_type = models.PositiveBigIntegerField()
    # compared with the values of all earlier days
    out_of_range = models.PositiveBigIntegerField()
    unseen_category = models.PositiveBigIntegerField()

    objects = FeatureDayQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "day", "feature", "version"], name="one_count_per_feature_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.feature} on {self.day}"


class FeatureSeen(models.Model):
    """The values of a feature: those of its newest day, and those of all earlier days, with which it is compared."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="features_seen")
    feature = models.CharField(max_length=200)
    day = models.DateField()
    # {"low", "high", "categories": [texts], or null for free text}
    before = models.JSONField()
    on_day = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "feature"], name="one_memory_per_feature")]

    def __str__(self) -> str:
        return self.feature
