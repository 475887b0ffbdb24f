"""Sampling policies, draws with their probabilities, the population they stand for, and marks in time."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from apps.accounts.models import ApiKey, User
from apps.predictions.models import Batch, Prediction, SentJSONField
from apps.registry.models import ModelVersion, MonitoredModel, ReviewQueue
from apps.sampling.querysets import DrawQuerySet, PopulationCellQuerySet, SamplingPolicyQuerySet

# The name of the floor
FLOOR = "floor"


class PolicyKind(models.TextChoices):
    FLOOR = "floor"
    UNIFORM = "uniform"
    BANDS = "bands"
    UNCERTAINTY = "uncertainty"
    DISAGREEMENT = "disagreement"
    MUST_REVIEW = "must_review"
    SLICE = "slice"
    AMOUNT = "amount"
    RECOMMENDED = "recommended"


class SamplingPolicy(models.Model):
    """One version of a policy. A change ends it and starts the next version; old draws keep theirs.

    A prediction is drawn with the versions in force at its `received_at`.
    """

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="policies")
    name = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=PolicyKind)
    # What its kind needs: see `services/documents.py`
    settings = models.JSONField()
    # A typed tree {"field", "op", "value"} | {"all": […]} | {"any": […]} | {"not": …}; null: everything
    condition = models.JSONField(null=True, blank=True)
    queue = models.ForeignKey(ReviewQueue, models.RESTRICT, related_name="policies")
    rank = models.PositiveIntegerField()
    # A policy that is off stays in the document, and draws nothing.
    is_on = models.BooleanField(default=True, db_default=True)
    # Where a draft of it came from, in a sentence
    origin = models.CharField(max_length=200, blank=True, db_default="")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)

    objects = SamplingPolicyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "name", "version"], name="one_policy_version"),
            models.UniqueConstraint(
                fields=["model", "name"], condition=Q(ends_at=None), name="one_current_policy_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    def was_in_force(self, at: datetime) -> bool:
        """Whether this version draws predictions received at this moment."""
        return self.starts_at <= at and (self.ends_at is None or self.ends_at > at)

    @property
    def per_day(self) -> float | None:
        """The cases a day to draw, if this version has a budget instead of a rate."""
        budget = self.settings.get("budget")
        return float(budget["per_day"]) if budget else None


class PolicyRate(models.Model):
    """The rate of a policy version from a moment on, where the policy does not name one itself.

    It draws with p = min(1, factor × shape), the shape being its probability at rate 1.
    """

    policy = models.ForeignKey(SamplingPolicy, models.CASCADE, related_name="rates")
    starts_at = models.DateTimeField()
    factor = models.FloatField()
    # Priorities of the predictions, for kinds whose shape is a table
    weights = models.JSONField(null=True, blank=True)
    # What the rate was computed from, for people to read
    made_from = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["policy", "starts_at"], name="one_rate_per_moment"),
            # With probability 0 a prediction could stand for nothing.
            models.CheckConstraint(condition=Q(factor__gt=0), name="a_rate_is_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.factor:g} from {self.starts_at}"


class SamplingConfiguration(models.Model):
    """A model's sampling from one change to the next: the whole document, who changed it, and why."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="configurations")
    number = models.PositiveIntegerField()
    document = models.JSONField()
    reason = models.CharField(max_length=500, blank=True)
    saved_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    key = models.ForeignKey(ApiKey, models.SET_NULL, null=True, related_name="+")
    # The second person, where one was asked for.
    approved_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    # Null: from the start.
    starts_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "number"], name="one_configuration_per_number")]

    def __str__(self) -> str:
        return f"sampling {self.number} of {self.model}"


class Draw(models.Model):
    """A drawn prediction with the probability of every policy that was evaluated for it."""

    prediction = models.OneToOneField(
        Prediction, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="draw"
    )
    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="draws")
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="draws")
    queue = models.ForeignKey(ReviewQueue, models.PROTECT, related_name="draws")
    # {policy version id: p_ij}, including policies that did not draw it
    probabilities = models.JSONField()
    # π = max p_ij; counted_probability is π × the blind share at the time
    inclusion_probability = models.FloatField()
    is_blind = models.BooleanField()
    blind_share = models.FloatField()
    counted_probability = models.FloatField()
    drawn_at = models.DateTimeField()

    objects = DrawQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(inclusion_probability__gt=0, inclusion_probability__lte=1)
                & Q(counted_probability__lte=F("inclusion_probability")),
                name="drawn_with_a_probability",
            )
        ]

    def __str__(self) -> str:
        return f"draw of {self.prediction_id}"


class Mark(models.Model):
    """A moment to which draws and truth are cut: the same `as_of` means the same mark, whatever comes later."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="marks")
    # As asked for, and the moment that it stands for: of an earlier day its end
    as_of = models.DateTimeField()
    at = models.DateTimeField()
    # The last number of the record of truth at that moment, and the batches received and not drawn
    seq = models.BigIntegerField()
    undrawn_batches = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "as_of"], name="one_mark_per_moment")]
        indexes = [models.Index(fields=["model", "at"], name="marks_in_order")]

    def __str__(self) -> str:
        return f"as of {self.at}"


FOLDED = UUID(int=0)
SUMS = (
    "n",
    "sum_score",
    "sum_score2",
    "sum_pi",
    "sum_odds",
    "sum_odds2",
    "sum_chance",
    "sum_amount",
    "sum_amount2_odds",
    "sum_amount4_odds2",
    "n_uncovered",
    "sum_unlogged",
    "sum_logging",
    "sum_amount2_logging",
)


def _exact_sum(**options: Any) -> "models.DecimalField[Any, Any]":
    """Return a column whose sums are exact: folding the rows must not move a figure's last digit."""
    return models.DecimalField(max_digits=200, decimal_places=20, **options)


class PolicyHour(models.Model):
    """What a policy version met among the predictions received in one clock hour, and what it drew of them.

    Each claim adds rows, which are folded into one with claim zero. Readers sum.
    """

    policy = models.ForeignKey(SamplingPolicy, models.CASCADE, related_name="hours")
    # Where the hour begins in the project's time zone: a day starts with an hour
    hour = models.DateTimeField()
    claim = models.UUIDField(default=FOLDED)
    n = models.BigIntegerField()
    # Those with a shape above 0, and the sum of all shapes
    matched = models.BigIntegerField()
    sum_shape = models.FloatField()
    # Σp, the draws to expect, and Σp²: their variance is Σp − Σp²
    sum_p = models.FloatField()
    sum_p2 = models.FloatField()
    drawn = models.BigIntegerField()
    # Drawn by no other policy; and put into this policy's queue, as it had the lowest rank of those that drew it
    drawn_only = models.BigIntegerField()
    served = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["policy", "hour", "claim"], name="one_policy_hour_per_claim")]
        indexes = [models.Index(fields=["policy"], condition=~Q(claim=FOLDED), name="policy_hours_to_fold")]

    def __str__(self) -> str:
        return f"{self.drawn} of {self.n} from {self.hour}"


class PopulationCell(models.Model):
    """Counts over all predictions that share their days, version, prediction, baseline, score bin and slice.

    Each claim adds rows; the compactor later folds those drawn on one day between the same marks into the row with
    claim zero. Readers always sum, in one version of the score bins, so they see the same totals before and after.
    Probabilities are the counted ones (π × blind share), and o = (1 − π)/π where π > 0.

    A prediction of which its sender logs the fraction ℓ stands for 1/ℓ: sums of scores and amounts are weighted by it,
    and sums with o by its square (with o²(1 + o), by its fourth power). n, Σπ and the Σ of the probability by chance
    count what was logged.
    """

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_constraint=False, related_name="cells")
    claim = models.UUIDField(default=FOLDED)
    # The days on which they were predicted and received, in the project's time zone
    day = models.DateField()
    received_day = models.DateField()
    # The moment of the draw; once folded, the beginning of the day, or the moment after the mark before the draw
    drawn_from = models.DateTimeField()
    version = models.ForeignKey(ModelVersion, models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    predicted = models.FloatField()
    baseline = models.FloatField(null=True)
    # The version of the model's score bins, and the bin; -1 where there is no score
    bins = models.PositiveSmallIntegerField(default=0)
    score_bin = models.SmallIntegerField()
    # The key and the value of a slice; both empty: all predictions
    slice_name = models.CharField(max_length=80, default="")
    slice_value = models.CharField(max_length=200, default="")
    n = models.BigIntegerField()
    sum_score = _exact_sum()
    sum_score2 = _exact_sum()
    sum_pi = _exact_sum()
    # Σo
    sum_odds = _exact_sum()
    # Σo²(1 + o)
    sum_odds2 = _exact_sum()
    # Σ of the probability that chance alone draws it: the widest floor or uniform policy without a condition
    sum_chance = _exact_sum()
    sum_amount = _exact_sum()
    # Σ amount² o
    sum_amount2_odds = _exact_sum()
    sum_amount4_odds2 = _exact_sum()
    n_uncovered = models.BigIntegerField()
    # Σ(1/ℓ − 1): predictions that were not logged, and that these stand for as well
    sum_unlogged = _exact_sum(default=0)
    # Σ(1 − ℓ)/ℓ², the variance of n + Σ(1/ℓ − 1), and Σ amount²(1 − ℓ)/ℓ²
    sum_logging = _exact_sum(default=0)
    sum_amount2_logging = _exact_sum(default=0)

    objects = PopulationCellQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "model",
                    "slice_name",
                    "day",
                    "received_day",
                    "drawn_from",
                    "claim",
                    "bins",
                    "version",
                    "predicted",
                    "baseline",
                    "score_bin",
                    "slice_value",
                ],
                name="one_cell_per_claim",
                nulls_distinct=False,
            )
        ]
        indexes = [models.Index(fields=["model", "claim"], condition=~Q(claim=FOLDED), name="cells_to_fold")]

    def __str__(self) -> str:
        return f"{self.n} on {self.day}"


class KeptDay(models.Model):
    """A day of predictions in the random sample that is kept of a model's last four weeks.

    It holds those whose number is below the threshold, so the threshold is the probability with which each was kept.
    """

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="kept_days")
    # The day on which they were predicted, in the project's time zone
    day = models.DateField()
    threshold = models.FloatField(default=1.0)
    n = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "day"], name="one_kept_day"),
            models.CheckConstraint(condition=Q(threshold__gt=0, threshold__lte=1), name="kept_with_a_probability"),
        ]

    def __str__(self) -> str:
        return f"{self.n} of {self.day}"


class KeptPrediction(models.Model):
    """One prediction of the sample, with what conditions and probabilities read."""

    prediction = models.OneToOneField(
        Prediction, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="+"
    )
    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="+")
    day = models.DateField()
    # The number that decides whether it is kept, and that of the draw
    number = models.FloatField()
    u = models.FloatField()
    received_at = models.DateTimeField()
    version = models.ForeignKey(ModelVersion, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    predicted = models.FloatField()
    score = models.FloatField(null=True)
    baseline = models.FloatField(null=True)
    amount = models.FloatField(null=True)
    log_share = models.FloatField(null=True)
    slices = models.JSONField(default=dict)
    # As sent, null until it was read; empty once the payloads of that time are dropped
    features = SentJSONField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["model", "day"], name="kept_by_day"),
            models.Index(fields=["prediction"], condition=Q(features__isnull=True), name="kept_unread"),
        ]

    def __str__(self) -> str:
        return f"kept {self.prediction_id}"
