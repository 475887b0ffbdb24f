"""Contributions computed here, with the file of the version. Those that clients send stay with the payload."""

from django.db import models
from django.db.models.functions import Now

from apps.explanations.models.artifacts import Artifact
from apps.predictions.models import Prediction, SentJSONField
from apps.registry.models import MonitoredModel


class Attribution(models.Model):
    """The contributions of one prediction's features, which add up from the base to the model's output."""

    class Code(models.TextChoices):
        """Why there are none."""

        NOT_REPRODUCED = "not_reproduced", "the loaded model gives another score"
        DOES_NOT_ADD_UP = "does_not_add_up", "the contributions do not add up to the score"

    prediction = models.ForeignKey(
        Prediction, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="computed_attributions"
    )
    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="+")
    artifact = models.ForeignKey(Artifact, models.CASCADE, related_name="attributions")
    method = models.CharField(max_length=24)
    space = models.CharField(max_length=16)
    # {feature: contribution}; null where `code` says why.
    values = SentJSONField(null=True)
    base = models.FloatField(null=True)
    # The score as the loaded model gives it.
    score = models.FloatField(null=True)
    # By how much the sum misses the output, in the units of `space`.
    additivity_error = models.FloatField(null=True)
    # With permutation: how it was drawn, so that it can be done again.
    background_hash = models.CharField(max_length=16, blank=True)
    seed = models.BigIntegerField(null=True)
    evaluations = models.PositiveIntegerField(null=True)
    code = models.CharField(max_length=24, choices=Code, blank=True)
    computed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["prediction", "artifact"], name="one_attribution_per_prediction_and_file")
        ]
        indexes = [models.Index(fields=["model", "code"], name="attributions_by_model")]

    def __str__(self) -> str:
        return f"contributions of {self.prediction_id}"
