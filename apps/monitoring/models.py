"""What came in, counted once a batch: how much by hour, and how each feature looked by day."""

from django.db import models

from apps.monitoring.querysets import FeatureDayQuerySet
from apps.predictions.models import BatchKind
from apps.registry.models import ModelVersion, MonitoredModel


class IntakeHour(models.Model):
    """What a model's pushes stored in an hour, and what of them had been stored before."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="intake_hours")
    kind = models.CharField(max_length=16, choices=BatchKind)
    # Its first moment.
    hour = models.DateTimeField()
    batches = models.PositiveBigIntegerField()
    accepted = models.PositiveBigIntegerField()
    duplicates = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "hour", "kind"], name="one_count_per_hour")]

    def __str__(self) -> str:
        return f"{self.accepted} {self.kind} at {self.hour:%Y-%m-%d %H}h"


class FeatureDay(models.Model):
    """How one feature looked in the predictions of one version that arrived on one day."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="feature_days")
    version = models.ForeignKey(ModelVersion, models.CASCADE, db_index=False, related_name="+")
    # Of arrival, in the project's time zone.
    day = models.DateField()
    # empty: the features beyond the number that is told apart
    feature = models.CharField(max_length=200, blank=True)
    rows = models.PositiveBigIntegerField()
    missing = models.PositiveBigIntegerField()
    nulls = models.PositiveBigIntegerField()
    unexpected_type = models.PositiveBigIntegerField()
    # Compared with what was seen on the days before.
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
    """The values a feature has had so far, those of its newest day apart: a day is compared with those before it."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="features_seen")
    feature = models.CharField(max_length=200)
    day = models.DateField()
    # {"low", "high", "categories": [texts] or null where there are too many to tell them apart}
    before = models.JSONField()
    on_day = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "feature"], name="one_memory_per_feature")]

    def __str__(self) -> str:
        return self.feature
