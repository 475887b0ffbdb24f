"""Drafts of a model's sampling, and replays of the past with a draft."""

from typing import ClassVar

from django.db import models

from apps.accounts.models import User
from apps.common.jobs import Job
from apps.planning.querysets import DraftQuerySet, ReplayQuerySet
from apps.registry.models import MonitoredModel


class Draft(models.Model):
    """A change of the sampling that somebody works on. Nothing is drawn by it until it is saved."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="sampling_drafts")
    owner = models.ForeignKey(User, models.CASCADE, related_name="+")
    # The whole document, as `policies.put_document` takes it, but for mistakes still to be corrected
    document = models.JSONField()
    # The number of the configuration that it changes
    based_on = models.PositiveIntegerField()
    reason = models.CharField(max_length=500, blank=True)
    # Set while it waits for a second person
    proposed_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = DraftQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "owner"], name="one_sampling_draft_per_person")]

    def __str__(self) -> str:
        return f"draft of {self.owner} for {self.model}"


class Replay(Job):
    """What would have been drawn in the past with a drafted sampling, beside what was drawn."""

    MAX_ATTEMPTS: ClassVar[int] = 3

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="replays")
    asked_by = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    document = models.JSONField()
    # The predictions received in [start, end), or made then where they were sent late
    start = models.DateTimeField()
    end = models.DateTimeField()
    is_by_prediction = models.BooleanField(default=False)
    result = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReplayQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["finished_at", "id"], name="replays_due")]

    def __str__(self) -> str:
        return f"replay of {self.model} from {self.start:%Y-%m-%d}"
