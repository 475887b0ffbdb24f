"""Uploaded files of rows."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.common.errors import ConflictError, DomainError
from apps.common.jobs import Job
from apps.predictions.models.batches import BatchKind
from apps.predictions.querysets import UploadQuerySet
from apps.registry.models import MonitoredModel


class FileForm(models.TextChoices):
    CSV = "csv", "CSV"
    NDJSON = "ndjson", "NDJSON"
    PARQUET = "parquet", "Parquet"


class Upload(Job):
    """A file of rows, previewed and then loaded batch by batch; each batch commits together with `position`."""

    # At one position of the file: each stored batch resets the count.
    MAX_ATTEMPTS = 5

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="uploads")
    kind = models.CharField(max_length=16, choices=BatchKind)
    form = models.CharField(max_length=16, choices=FileForm)
    name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    # {column: field, or null to leave it out}; other columns go by their names.
    mapping = models.JSONField(default=dict)
    # See apps.predictions.reading.choices.
    choices = models.JSONField(default=dict, db_default={})
    created_at = models.DateTimeField(auto_now_add=True)
    # Null: uploaded over the API.
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    # Null: a draft, whose columns somebody is still choosing.
    confirmed_at = models.DateTimeField(null=True)
    # Rows read so far and stored or rejected, blank lines included.
    position = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    parked = models.PositiveIntegerField(default=0)
    # {code: rows}
    rejected = models.JSONField(default=dict)
    # The same rows by code and field, each with the first of them: see apps.predictions.reading.rejections.Reason.
    reasons = models.JSONField(default=list, db_default=[])
    batches = ArrayField(models.BigIntegerField(), default=list)

    objects = UploadQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["model", "-id"], name="upload_by_model"),
            models.Index(fields=["id"], condition=Q(confirmed_at__isnull=False, finished_at=None), name="uploads_due"),
        ]

    def __str__(self) -> str:
        return self.name

    def is_final(self, error: Exception) -> bool:
        """A file that cannot be read never will be; a conflict passes once others stop sending the same ids."""
        is_unreadable = isinstance(error, DomainError) and not isinstance(error, ConflictError)
        return is_unreadable or super().is_final(error)

    @property
    def status(self) -> str:
        """draft, queued, running, done or failed; a failed upload waits until somebody asks for another try."""
        if self.confirmed_at is None:
            return "draft"
        return super().status

    @property
    def rejected_rows(self) -> int:
        return sum(self.rejected.values())


class UploadPiece(models.Model):
    """A part of an uploaded file, kept in the database until all is loaded: web and worker need not share a disk."""

    upload = models.ForeignKey(Upload, models.CASCADE, db_index=False, related_name="pieces")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["upload", "number"], name="one_piece_per_place")]

    def __str__(self) -> str:
        return f"piece {self.number} of {self.upload_id}"
