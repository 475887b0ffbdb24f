"""Predictions at rest: a narrow table for every estimate, a wide one for what was sent, and outcomes.

The hot tables' own references carry no database constraint: each would cost a trigger a row.
"""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.accounts.models import Project, User
from apps.common.errors import ConflictError, DomainError
from apps.common.jobs import Job
from apps.common.leases import Leased
from apps.predictions.querysets import (
    BatchQuerySet,
    BatchStageQuerySet,
    OutcomeQuerySet,
    PredictionQuerySet,
    RejectedRowQuerySet,
    UploadQuerySet,
)
from apps.registry.models import ModelVersion, MonitoredModel


class SentJSONField(models.JSONField):
    """A column of type `json`, which keeps what was sent to the byte; the driver parses it on reading."""

    def db_type(self, connection: Any) -> str:  # noqa: ARG002  # Django's signature
        return "json"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:  # noqa: ARG002  # Django's signature
        return value


class BatchKind(models.TextChoices):
    PREDICTIONS = "predictions"
    OUTCOMES = "outcomes"


class Batch(models.Model):
    """An accepted push, written with its rows in one transaction: the unit of flow."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="batches")
    kind = models.CharField(max_length=16, choices=BatchKind)
    received_at = models.DateTimeField()
    accepted = models.PositiveIntegerField()
    duplicates = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    # The ids of its rows lie in this range; other batches may lie between.
    first_id = models.BigIntegerField(null=True)
    last_id = models.BigIntegerField(null=True)

    objects = BatchQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["model", "-id"], name="batch_by_model"),
            models.Index(fields=["model", "received_at"], name="batch_by_time"),
        ]

    def __str__(self) -> str:
        return f"batch {self.pk}"


class Stage(models.TextChoices):
    """What every later stage does once with a batch."""

    DRAW = "draw"
    OPEN_ITEMS = "open_items"
    RESOLVE = "resolve"
    INSPECT = "inspect"


class BatchStage(Leased):
    """The state of one batch in one stage: consumed exactly once, writes and state in one commit."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="stages")
    stage = models.CharField(max_length=16, choices=Stage)
    done_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    objects = BatchStageQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "stage"], name="one_state_per_batch_and_stage")]
        indexes = [
            models.Index(fields=["stage", "batch"], condition=Q(done_at=None), name="stages_due"),
        ]

    def __str__(self) -> str:
        return f"{self.stage} of {self.batch_id}"


class IdempotentAnswer(models.Model):
    """The first answer to a push with an Idempotency-Key, to be given again."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    path = models.CharField(max_length=300)
    body_hash = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="one_answer_per_idempotency_key")]

    def __str__(self) -> str:
        return self.key


class Prediction(models.Model):
    """One production prediction, narrow and typed: what estimates, lists and queues read.

    `predicted` and `baseline` hold the position of the class, or the number of a regression; `score` the
    probability of the positive class (binary) or of the predicted one (multiclass).
    """

    id = models.BigIntegerField(primary_key=True)
    model = models.ForeignKey(MonitoredModel, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    external_id = models.TextField()
    content_hash = models.BinaryField(max_length=32)
    batch = models.ForeignKey(Batch, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    version = models.ForeignKey(ModelVersion, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    predicted_at = models.DateTimeField()
    received_at = models.DateTimeField()
    predicted = models.FloatField()
    score = models.FloatField(null=True)
    baseline = models.FloatField(null=True)
    amount = models.DecimalField(max_digits=20, decimal_places=4, null=True)
    subject = models.TextField(null=True)  # noqa: DJ001  # null keeps absent subjects out of the partial index
    # {slice name: value}
    slices = models.JSONField(default=dict)

    objects = PredictionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "external_id"], name="one_prediction_per_id")]
        indexes = [
            models.Index(fields=["model", "subject"], condition=Q(subject__isnull=False), name="prediction_by_subject"),
            models.Index(fields=["model", "predicted_at"], name="prediction_by_time"),
        ]

    def __str__(self) -> str:
        return self.external_id


class Payload(models.Model):
    """What was sent with a prediction, as sent; partitioned by month of arrival (see the migration)."""

    prediction = models.OneToOneField(
        Prediction, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="payload"
    )
    received_at = models.DateTimeField()
    features = SentJSONField()
    probabilities = SentJSONField(null=True)
    attributions = SentJSONField(null=True)
    attribution_base = models.FloatField(null=True)
    latency_ms = models.FloatField(null=True)
    resources = SentJSONField(null=True)

    class Meta:
        managed = False
        db_table = "predictions_payload"

    def __str__(self) -> str:
        return f"payload of {self.prediction_id}"


class Outcome(models.Model):
    """The truth as it came; append-only, a correction is a new row. It may be there before its prediction."""

    model = models.ForeignKey(MonitoredModel, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    external_id = models.TextField()
    batch = models.ForeignKey(Batch, models.DO_NOTHING, db_constraint=False, related_name="+")
    # The position of the class, or the number.
    outcome = models.FloatField()
    # When the truth became known at its source.
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()

    objects = OutcomeQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["model", "external_id", "-id"], name="outcome_by_id")]

    def __str__(self) -> str:
        return f"outcome of {self.external_id}"


class RejectedState(models.TextChoices):
    WAITING = "waiting"
    REPLAYED = "replayed"


class RejectedRow(models.Model):
    """A row that a push could not store, kept for a while with the reason, to look at and to try again."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="rejected_rows")
    kind = models.CharField(max_length=16, choices=BatchKind)
    received_at = models.DateTimeField()
    # Where it stood in its push.
    index = models.PositiveIntegerField()
    external_id = models.TextField(null=True)  # noqa: DJ001  # null: the row's id could not be made out
    code = models.CharField(max_length=64)
    field = models.TextField(null=True)  # noqa: DJ001  # null: the reason is not about one field
    message = models.TextField()
    # As sent, up to a size; what is cut cannot be tried again.
    raw = models.BinaryField()
    is_cut = models.BooleanField(default=False)
    # On the last row kept of a push: how many more of it were rejected and are not kept.
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
        """What was sent, readable also where it was cut within a character."""
        return bytes(self.raw).decode("utf-8", "replace")


class RejectedCount(models.Model):
    """How many rows of one push were rejected for one reason: true also where not all of them were kept."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="+")
    kind = models.CharField(max_length=16, choices=BatchKind)
    received_at = models.DateTimeField()
    code = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["received_at", "model"], name="rejected_count_by_time")]

    def __str__(self) -> str:
        return f"{self.rows} × {self.code}"


class FileForm(models.TextChoices):
    CSV = "csv", "CSV"
    NDJSON = "ndjson", "NDJSON"
    PARQUET = "parquet", "Parquet"


class CaseView(models.Model):
    """Somebody has opened a case elsewhere than at the desk, and seen all of it. It is not served to them blind."""

    prediction = models.ForeignKey(
        Prediction, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="views"
    )
    user = models.ForeignKey(User, models.CASCADE, related_name="case_views")
    # Which page it was.
    place = models.CharField(max_length=32)
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["prediction", "user", "place"], name="one_view_per_case_and_place")
        ]

    def __str__(self) -> str:
        return f"{self.user} saw {self.prediction_id}"


class Upload(Job):
    """A file of rows: looked at, then loaded batch by batch; each batch and `position` are one commit."""

    # At one place of the file: with every batch that is stored they begin anew.
    MAX_ATTEMPTS = 5

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="uploads")
    kind = models.CharField(max_length=16, choices=BatchKind)
    form = models.CharField(max_length=16, choices=FileForm)
    name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    # {column: field, or null where it is left out}; columns that are not in it are taken by their name.
    mapping = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    # Null: a client system.
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    # Null: a draft, whose columns somebody is still looking at.
    confirmed_at = models.DateTimeField(null=True)
    # How many rows of the file, blank lines included, have been read and stored or refused.
    position = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    parked = models.PositiveIntegerField(default=0)
    # {code: rows}
    rejected = models.JSONField(default=dict)
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
        """A file that cannot be read stays so; a conflict passes once others stop sending the same ids."""
        is_unreadable = isinstance(error, DomainError) and not isinstance(error, ConflictError)
        return is_unreadable or super().is_final(error)

    @property
    def status(self) -> str:
        """draft, queued, running, done or failed; failed ones wait for somebody to ask for another try."""
        if self.confirmed_at is None:
            return "draft"
        if self.finished_at:
            return "failed" if self.error else "done"
        return "running" if self.lease_token else "queued"

    @property
    def rejected_rows(self) -> int:
        return sum(self.rejected.values())


class UploadPiece(models.Model):
    """A part of a file, kept until all of it is loaded: web and worker need not share a disk."""

    upload = models.ForeignKey(Upload, models.CASCADE, db_index=False, related_name="pieces")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["upload", "number"], name="one_piece_per_place")]

    def __str__(self) -> str:
        return f"piece {self.number} of {self.upload_id}"
