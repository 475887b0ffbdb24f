"""Questions to a loaded model: what it says of a stored prediction, and of the same with other values."""

from typing import ClassVar

from django.db import models

from apps.accounts.models import User
from apps.common.jobs import Job, JobQuerySet
from apps.explanations.models.artifacts import Artifact
from apps.predictions.models import Prediction


class Trial(Job):
    """One question and its answer. Pages wait for it briefly, then look again; it is forgotten after an hour."""

    MAX_ATTEMPTS: ClassVar[int] = 2

    class Kind(models.TextChoices):
        OPEN = "open", "score, contributions, curves and the smallest change"
        CHANGED = "changed", "score and contributions with other values"

    artifact = models.ForeignKey(Artifact, models.CASCADE, related_name="trials")
    prediction = models.ForeignKey(Prediction, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind)
    # {feature: value as the model's input would have it}
    changes = models.JSONField(default=dict)
    answer = models.JSONField(null=True)
    asked_by = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["finished_at", "id"], name="trials_due")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.prediction_id}"
