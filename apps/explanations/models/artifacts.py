"""The file of a model version, in pieces, and the checks that it is the model that answered in production."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.common.jobs import Job, JobQuerySet
from apps.explanations.querysets import ArtifactQuerySet
from apps.registry.models import ModelVersion, MonitoredModel


class Artifact(models.Model):
    """A model file with what it takes to feed it. Nothing is explained with it before it has passed its first check."""

    class Format(models.TextChoices):
        XGBOOST = "xgboost", "XGBoost JSON"
        LIGHTGBM = "lightgbm", "LightGBM text"
        ONNX = "onnx", "ONNX"
        SKOPS = "skops", "skops"

    class State(models.TextChoices):
        CHECKING = "checking", "being checked"
        WAITING = "waiting", "waits for predictions to compare with"
        READY = "ready", "reproduces the stored scores"
        DIFFERS = "differs", "does not reproduce the stored scores"
        REFUSED = "refused", "cannot be loaded"
        QUARANTINED = "quarantined", "ended its process three times"

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="artifacts")
    format = models.CharField(max_length=16, choices=Format)
    sha256 = models.BinaryField(max_length=32)
    size = models.PositiveBigIntegerField()
    # See `engine.spec.Spec`.
    spec = models.JSONField()
    # The library that loaded it here, with its version; empty before.
    library = models.CharField(max_length=80, blank=True)
    # {package: version} of all that computed with it here, and what the process was sealed with.
    versions = models.JSONField(default=dict)
    sealed = models.JSONField(default=list)
    # The values of its inputs in stored predictions, see `services.seen`.
    seen = models.JSONField(default=dict)
    # How its contributions are computed, and their units; empty where it cannot be explained.
    method = models.CharField(max_length=24, blank=True)
    space = models.CharField(max_length=16, blank=True)
    state = models.CharField(max_length=16, choices=State, default=State.CHECKING)
    # Why it was refused, differs or cannot be explained, in a sentence.
    reason = models.TextField(blank=True)
    # How often its process died or was killed since it was last let out of quarantine.
    deaths = models.PositiveSmallIntegerField(default=0)
    registered_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    registered_at = models.DateTimeField(auto_now_add=True)
    # When another file took its place.
    replaced_at = models.DateTimeField(null=True)

    objects = ArtifactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version"], condition=Q(replaced_at=None), name="one_artifact_in_force_per_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.fingerprint} of {self.version}"

    @property
    def model(self) -> MonitoredModel:
        return self.version.model

    @property
    def fingerprint(self) -> str:
        """The first 16 digits of the SHA-256, in two groups."""
        digits = bytes(self.sha256).hex()
        return f"{digits[:8]} {digits[8:16]}"

    @property
    def is_ready(self) -> bool:
        return self.state == self.State.READY and self.replaced_at is None


class ArtifactPiece(models.Model):
    """A part of a model file, so that neither reading nor writing one holds all of it."""

    artifact = models.ForeignKey(Artifact, models.CASCADE, related_name="pieces")
    position = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["artifact", "position"], name="one_piece_per_position")]

    def __str__(self) -> str:
        return f"piece {self.position} of {self.artifact_id}"


class ParityCheck(Job):
    """Scores of stored predictions, computed again with the file: at registration, every night, and when asked for."""

    MAX_ATTEMPTS: ClassVar[int] = 3

    artifact = models.ForeignKey(Artifact, models.CASCADE, related_name="checks")
    created_at = models.DateTimeField(auto_now_add=True)
    rows = models.PositiveIntegerField(default=0)
    matched = models.PositiveIntegerField(default=0)
    # Beyond the first 50, which pages show: more rows see what 50 miss.
    more_rows = models.PositiveIntegerField(default=0)
    more_matched = models.PositiveIntegerField(default=0)
    largest_difference = models.FloatField(null=True)
    # [{"id", "stored", "computed"}], the largest differences first
    misses = models.JSONField(default=list)
    # What would explain the misses: [{"feature", "what", "matched"}], where something does.
    suspects = models.JSONField(default=list)
    milliseconds = models.FloatField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["artifact", "-id"], name="checks_by_artifact")]

    def __str__(self) -> str:
        return f"{self.matched} of {self.rows}"
