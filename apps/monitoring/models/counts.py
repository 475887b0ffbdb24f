"""Day counts on frozen bins: any window of days is a sum, and storage grows with days, not with rows.

The bins of all series of a model lie in one long vector, each series at its own place. A day has two such vectors: the
rows in each bin, and the sum of the values in each bin.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.functions import Now

from apps.accounts.models import User
from apps.monitoring.querysets import DayCountQuerySet
from apps.registry.models import ModelVersion, MonitoredModel

if TYPE_CHECKING:
    # Loads scipy, which few requests need.
    from apps.stats.drift.bins import Bins


class Stage(models.TextChoices):
    """The stages of a prediction that are counted, in its own order."""

    FEATURE = "feature", "As sent"
    PROCESSED = "processed", "As the model sees it"
    REPEATED = "repeated", "Rows with the same features as another"
    SLICE = "slice", "Slice"
    SCORE = "score", "Score"
    PREDICTED = "predicted", "Prediction"
    BASELINE = "baseline", "Baseline"
    AGREEMENT = "agreement", "Model and baseline"
    # The prediction together with the bin of its score: what an outcome is expected by.
    CELL = "cell", "Prediction and score"
    LATENCY = "latency", "Latency"
    RESOURCE = "resource", "Resource"
    # From the record of truth. Of `loss` and `slice_loss` the sums count: wrong or not, or the absolute error.
    OUTCOME = "outcome", "Outcome"
    LOSS = "loss", "Loss by prediction and score"
    SLICE_LOSS = "slice_loss", "Loss by slice"
    # Blind labels of drawn predictions. Their sums weigh each by 1/π.
    LABEL = "label", "Reviewers’ label"


class Series(models.Model):
    """One thing that is counted by day. Its bins are frozen when it is first counted, and never move."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="series")
    stage = models.CharField(max_length=16, choices=Stage)
    # The name of a feature or resource, or the key of a slice; empty if the stage has a single series.
    name = models.CharField(max_length=200, blank=True)
    # {"edges", "representatives", "sd"} of numbers, {"names"} of categories
    bins = models.JSONField()
    # Where its bins begin in the vectors
    place = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "stage", "name"], name="one_series_per_name"),
            models.UniqueConstraint(fields=["model", "place"], name="one_series_per_place"),
        ]

    def __str__(self) -> str:
        return f"{self.stage} {self.name}".strip()

    @cached_property
    def frozen(self) -> "Bins":
        """The bins as the statistics take them."""
        from apps.stats.drift.bins import CategoryBins, NumberBins  # noqa: PLC0415  # see above

        if "names" in self.bins:
            return CategoryBins(tuple(self.bins["names"]))
        return NumberBins(tuple(self.bins["edges"]), tuple(self.bins["representatives"]), self.bins["sd"])

    @property
    def within(self) -> slice:
        """Its part of a vector."""
        return slice(self.place, self.place + self.frozen.size)


class Vectors(models.Model):
    """Two vectors over the bins of all series, as int64 and float64. Series added later lie beyond the end."""

    counts = models.BinaryField()
    sums = models.BinaryField()

    class Meta:
        abstract = True


class DayCount(Vectors):
    """The counts of the predictions of one version on one day, in the project's time zone."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="day_counts")
    version = models.ForeignKey(ModelVersion, models.CASCADE, db_index=False, related_name="+")
    # The day of the predictions, not of their arrival
    day = models.DateField()

    objects = DayCountQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "day", "version"], name="one_day_count_per_version")]

    def __str__(self) -> str:
        return f"counts of {self.day}"


class Counted(models.Model):
    """How far a model's days are counted. Until there are rows enough to freeze bins, none are."""

    model = models.OneToOneField(MonitoredModel, models.CASCADE, related_name="counted")
    # Batches inspected later are counted at once, those inspected before one after the other, up to `counted_batch`.
    frozen_at = models.DateTimeField(null=True)
    counted_batch = models.BigIntegerField(default=0)
    # Increases with each change of a day's counts: whoever has seen this number has seen them all.
    revision = models.BigIntegerField(default=0)
    # Names that had no bins when they were last seen, and when the next attempt is due.
    next_series_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"counts of {self.model}"


class TruthCounted(models.Model):
    """How far a model's record of truth is counted. Its row lock admits one counter at a time."""

    model = models.OneToOneField(MonitoredModel, models.CASCADE, related_name="truth_counted")
    counted_seq = models.BigIntegerField(default=0)
    # All of the record is counted up to there, and beyond it up to the resolution with this number and key.
    resolution_seq = models.BigIntegerField(default=0)
    resolution = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"truth counted up to {self.counted_seq}"


class Reference(Vectors):
    """Frozen counts to compare days with. The newest reference of a model is in force.

    Its sample holds the bins of some of its rows, one column for each series: what two series do together.
    """

    class Source(models.TextChoices):
        FIRST_DAYS = "first_days", "The first 30 days"
        UPLOADED = "uploaded", "Uploaded data"
        DECLARED = "declared", "Declared normal"

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="references")
    number = models.PositiveIntegerField()
    source = models.CharField(max_length=16, choices=Source)
    # The days in [start, end); null for uploaded data.
    start = models.DateField(null=True)
    end = models.DateField(null=True)
    rows = models.BigIntegerField()
    # Columns of the sample: keys of series. Its codes are uint16, row by row.
    sample_series: Any = models.JSONField(default=list)
    sample = models.BinaryField(default=bytes)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "number"], name="one_reference_per_number"),
            models.CheckConstraint(
                condition=models.Q(start__isnull=True, end__isnull=True) | models.Q(start__lt=models.F("end")),
                name="a_reference_has_days_or_none",
            ),
        ]

    def __str__(self) -> str:
        return f"reference {self.number}"
