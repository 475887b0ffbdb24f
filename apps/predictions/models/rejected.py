"""Rejected rows, in quarantine for a while, and their numbers."""

from django.db import models
from django.db.models import Q

from apps.predictions.models.batches import BatchKind
from apps.predictions.querysets import RejectedRowQuerySet
from apps.registry.models import MonitoredModel


class RejectedState(models.TextChoices):
    WAITING = "waiting"
    REPLAYED = "replayed"


class RejectedRow(models.Model):
    """A row that a push could not store, kept for a while with the reason, to inspect and to try again."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="rejected_rows")
    kind = models.CharField(max_length=16, choices=BatchKind)
    received_at = models.DateTimeField()
    # Its position in the push.
    index = models.PositiveIntegerField()
    external_id = models.TextField(null=True)  # noqa: DJ001  # null: no id could be read
    code = models.CharField(max_length=64)
    field = models.TextField(null=True)  # noqa: DJ001  # null: no single field is at fault
    message = models.TextField()
    # As sent, up to a size; a row that was cut cannot be tried again.
    raw = models.BinaryField()
    is_cut = models.BooleanField(default=False)
    # On the last row kept of a push: how many further rejected rows were not kept.
    left_out = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=16, choices=RejectedState, default=RejectedState.WAITING)
    tried_at = models.DateTimeField(null=True)
    replayed_at = models.DateTimeField(null=True)

    objects = RejectedRowQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=RejectedState.WAITING, replayed_at=None)
                | Q(state=RejectedState.REPLAYED, replayed_at__isnull=False),
                name="replayed_rows_say_when",
            ),
        ]
        indexes = [
            models.Index(fields=["model", "state", "-id"], name="rejected_newest"),
            models.Index(fields=["model", "code"], condition=Q(state=RejectedState.WAITING), name="rejected_by_code"),
            models.Index(fields=["received_at"], name="rejected_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.code} at {self.index}"

    @property
    def text(self) -> str:
        """The row as text; a character that was cut in two is replaced."""
        return bytes(self.raw).decode("utf-8", "replace")


class RejectedCount(models.Model):
    """How many rows of one push were rejected for one reason, including rows that were not kept."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="+")
    kind = models.CharField(max_length=16, choices=BatchKind)
    received_at = models.DateTimeField()
    code = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["received_at", "model"], name="rejected_count_by_time")]

    def __str__(self) -> str:
        return f"{self.rows} × {self.code}"
