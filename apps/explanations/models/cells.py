"""Contributions counted by day, so that any window of days is a sum: what moves a model, and how that changes.

A day of a feature holds sums over its rows, and two sparse tables that add up by joining them: cells by the feature's
value and its contribution, and sums by slice.
"""

from typing import Any

from django.db import models

from apps.predictions.models import Prediction
from apps.registry.models import ModelVersion, MonitoredModel


class PushBins(models.Model):
    """The bins of contributions of one method in one unit. They move until there are rows enough, and then never."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="push_bins")
    # See `engine.spec.Method` and `Space`; the space is empty where nothing tells in which units a client adds up.
    method = models.CharField(max_length=24)
    space = models.CharField(max_length=16, blank=True)
    # Upper edges of the bins above zero; those below mirror them.
    edges: Any = models.JSONField(default=list)
    # The bins of each feature's values: {name: {"edges", "means"} of numbers, or {"names"} of categories}
    values: Any = models.JSONField(default=dict)
    # The slice values that have sums, at the position that the sums name: [[slice key, value]]
    places: Any = models.JSONField(default=list)
    rows = models.BigIntegerField(default=0)
    frozen_at = models.DateTimeField(null=True)
    first_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "method", "space"], name="one_set_of_bins_per_method")]

    def __str__(self) -> str:
        return f"{self.method} {self.space}".strip()


class AttributionDay(models.Model):
    """One feature's contributions φ to the predictions of one version on one day, each with its weight w.

    A weight is 1 where all rows are counted, and 1/π where they were drawn. A row without the feature contributes 0.
    """

    bins = models.ForeignKey(PushBins, models.CASCADE, db_index=False, related_name="days")
    # The day of the predictions, in the project's time zone
    day = models.DateField()
    version = models.ForeignKey(ModelVersion, models.CASCADE, db_index=False, related_name="+")
    # Empty: the rows of the day themselves, of which only their number and weights are summed.
    feature = models.CharField(max_length=200, blank=True)
    rows = models.BigIntegerField(default=0)
    # Σw, Σw²
    weight = models.FloatField(default=0)
    weight2 = models.FloatField(default=0)
    # Σw|φ|, Σw²|φ|, Σw²φ²
    size = models.FloatField(default=0)
    size2 = models.FloatField(default=0)
    square2 = models.FloatField(default=0)
    # See `services.day_tables`.
    cells = models.BinaryField(default=bytes)
    slices = models.BinaryField(default=bytes)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bins", "day", "version", "feature"], name="one_day_per_feature_and_bins")
        ]
        indexes = [models.Index(fields=["bins", "feature", "day"], name="attribution_days_by_feature")]

    def __str__(self) -> str:
        return f"{self.feature} on {self.day}"


class AddedUp(models.Model):
    """How many rows of a version came with contributions on a day, and how many of those do not add up."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="+")
    version = models.ForeignKey(ModelVersion, models.CASCADE, db_index=False, related_name="+")
    day = models.DateField()
    rows = models.BigIntegerField(default=0)
    missed = models.BigIntegerField(default=0)
    unchecked = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "day", "version"], name="one_sum_of_checks_per_day_and_version")
        ]

    def __str__(self) -> str:
        return f"{self.missed} of {self.rows}"


class UsualPushes(models.Model):
    """What contributions of a version are usual: how rare each bin was among its first rows."""

    bins = models.ForeignKey(PushBins, models.CASCADE, related_name="usual")
    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="+")
    names: Any = models.JSONField()
    # float32, names × bins of contributions
    codes = models.BinaryField()
    # Rows with a larger sum are unusual.
    limit = models.FloatField()
    rows = models.BigIntegerField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bins", "version"], name="one_usual_per_version_and_bins")]

    def __str__(self) -> str:
        return f"usual of {self.bins}"


class UsualValues(models.Model):
    """What the first rows of a model held in each feature: it grows until there are values enough, and then never."""

    model = models.OneToOneField(MonitoredModel, models.CASCADE, related_name="usual_values")
    # {feature: {"values", "low", "high", "missing", "other"}}
    seen: Any = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"usual values of {self.model}"


class Unusual(models.Model):
    """A prediction with contributions or values unlike the rest; of each day and version, only the strongest."""

    class Kind(models.TextChoices):
        CONTRIBUTIONS = "contributions", "contributions unlike the rest"
        VALUES = "values", "values outside the usual ranges"

    prediction = models.ForeignKey(Prediction, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="+")
    version = models.ForeignKey(ModelVersion, models.CASCADE, db_index=False, related_name="+")
    day = models.DateField()
    kind = models.CharField(max_length=16, choices=Kind)
    strength = models.FloatField()
    # The features that make it so, the most unusual first.
    features: Any = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["prediction", "kind"], name="one_unusual_per_prediction_and_kind")
        ]
        indexes = [models.Index(fields=["model", "kind", "day", "version"], name="unusual_by_day")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.prediction_id}"
