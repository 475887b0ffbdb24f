"""Batches, the unit of flow: one accepted push, and its state in every later stage."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.models import Project, User
from apps.common.leases import Leased
from apps.predictions.querysets import BatchQuerySet, BatchStageQuerySet
from apps.registry.models import MonitoredModel


class BatchKind(models.TextChoices):
    PREDICTIONS = "predictions"
    OUTCOMES = "outcomes"
    ACTIONS = "actions"


class Batch(models.Model):
    """A push, written with its rows in one transaction: the unit of flow. It has no stages if no row was stored."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="batches")
    kind = models.CharField(max_length=16, choices=BatchKind)
    received_at = models.DateTimeField()
    accepted = models.PositiveIntegerField()
    duplicates = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    # Its rows have ids in this range, and so may rows of other batches.
    first_id = models.BigIntegerField(null=True)
    last_id = models.BigIntegerField(null=True)
    # The slices (their keys) that its rows hold, by now
    slices = ArrayField(models.CharField(max_length=80), default=list)

    objects = BatchQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["model", "-id"], name="batch_by_model"),
            models.Index(fields=["model", "received_at"], name="batch_by_time"),
        ]

    def __str__(self) -> str:
        return f"batch {self.pk}"


class Stage(models.TextChoices):
    """A step of later processing, done once with each batch."""

    DRAW = "draw"
    OPEN_ITEMS = "open_items"
    RESOLVE = "resolve"
    INSPECT = "inspect"
    FILL_SLICES = "fill_slices"
    ADD_UP = "add_up"
    EXPLAIN = "explain"


class BatchStage(Leased):
    """One batch in one stage: consumed exactly once, since the stage's writes and this state commit together."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="stages")
    stage = models.CharField(max_length=16, choices=Stage)
    created_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)
    # The error of the last attempt; empty once the batch is consumed.
    error = models.TextField(blank=True)
    # The id as sent of the row that makes it fail, where one does so alone.
    row = models.TextField(blank=True, db_default="")

    objects = BatchStageQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "stage"], name="one_state_per_batch_and_stage")]
        indexes = [
            models.Index(fields=["stage", "batch"], condition=Q(done_at=None), name="stages_due"),
        ]

    def __str__(self) -> str:
        return f"{self.stage} of {self.batch_id}"


class IdempotentAnswer(models.Model):
    """The answer to the first push with an Idempotency-Key; repeated pushes get it again."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    path = models.CharField(max_length=300)
    body_hash = models.BinaryField(max_length=32)
    # The person whose key pushed; None if the key acts for nobody.
    told = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="one_answer_per_idempotency_key")]

    def __str__(self) -> str:
        return self.key
