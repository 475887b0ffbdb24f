"""Resolutions: what is believed true of each prediction, and since when.

Rows are append-only and numbered, so any past figure can be computed again as of its number.
"""

from django.db import models
from django.db.models import Q

from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel
from apps.truth.querysets import LedgerQuerySet, ResolutionQuerySet


class Ledger(models.Model):
    """The last number used in a model's resolutions. Its row lock admits one writer at a time."""

    model = models.OneToOneField(MonitoredModel, models.CASCADE, related_name="ledger")
    last_seq = models.BigIntegerField(default=0)

    objects = LedgerQuerySet.as_manager()

    def __str__(self) -> str:
        return f"ledger of {self.model}"


class Resolution(models.Model):
    """The truth of one prediction as of `seq`. Each row is complete: only a prediction's latest row counts.

    `outcome` is the final truth, `label` (L) the reviewers' answer, `adjudicated` the adjudicator's; an item is
    selected for adjudication with probability `adjudication_probability` (q). `source` and `truth` say which one
    counts: outcome over adjudication over consensus.
    """

    class Source(models.TextChoices):
        OUTCOME = "outcome"
        ADJUDICATION = "adjudication"
        CONSENSUS = "consensus"
        # everything known before was taken back
        NOTHING = "nothing"

    model = models.ForeignKey(
        MonitoredModel, models.PROTECT, db_constraint=False, db_index=False, related_name="resolutions"
    )
    prediction = models.ForeignKey(
        Prediction, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="resolutions"
    )
    # Rows written together share it. It only increases.
    seq = models.BigIntegerField()
    resolved_at = models.DateTimeField()
    source = models.CharField(max_length=16, choices=Source)
    truth = models.FloatField(null=True)
    outcome = models.FloatField(null=True)
    occurred_at = models.DateTimeField(null=True)
    label = models.FloatField(null=True)
    is_adjudication_chosen = models.BooleanField(default=False)
    adjudication_probability = models.FloatField(null=True)
    adjudicated = models.FloatField(null=True)

    objects = ResolutionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["prediction", "seq"], name="one_resolution_per_seq"),
            models.CheckConstraint(condition=Q(truth__isnull=False) | Q(source="nothing"), name="a_source_has_a_truth"),
        ]
        indexes = [models.Index(fields=["model", "seq"], name="resolution_by_seq")]

    def __str__(self) -> str:
        return f"resolution {self.seq} of {self.prediction_id}"
