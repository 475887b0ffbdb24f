"""Findings: what a validator has to say about a model, and what became of it."""

from django.db import models
from django.db.models.functions import Now

from apps.accounts.models import User
from apps.registry.models.follow_up import FollowUp
from apps.registry.models.monitored_model import MonitoredModel
from apps.registry.querysets import FindingQuerySet


class Finding(FollowUp):
    """Something about a model that has to be put right or explained. Its text stays as it was written."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="findings")
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    written_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    written_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    objects = FindingQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["model", "-id"], name="findings_by_model")]

    def __str__(self) -> str:
        return self.title
