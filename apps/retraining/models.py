"""Studies of what a new model would gain, and the jobs that make them."""

from django.db import models

from apps.accounts.models import User
from apps.common.deadlines import TookTooLongError
from apps.common.jobs import Job
from apps.registry.models import MonitoredModel
from apps.retraining.querysets import StudyJobQuerySet, StudyQuerySet


class Study(models.Model):
    """What candidates gained over the live model as of a number of the record of truth. Inserted once, never changed.

    The same number and configuration give the same row.
    """

    model = models.ForeignKey(MonitoredModel, models.PROTECT, related_name="studies")
    seq = models.BigIntegerField()
    as_of = models.DateTimeField()
    # {"days", "end", "without_sensitive", …}: see `services.making.configuration_of`
    configuration = models.JSONField()
    configuration_hash = models.CharField(max_length=64)
    # See `engine.document`.
    document = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = StudyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "seq", "configuration_hash"], name="one_study_per_seq_and_configuration"
            )
        ]

    def __str__(self) -> str:
        return f"study of {self.model} as of {self.seq}"


class StudyJob(Job):
    """A request for a study, its progress, and why there is none."""

    MAX_ATTEMPTS = 2

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="study_jobs")
    # Labels of predictions of the last so many days
    days = models.PositiveIntegerField()
    without_sensitive = models.BooleanField(default=False)
    step = models.CharField(max_length=200, blank=True)
    requested_at = models.DateTimeField(auto_now_add=True)
    requested_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    study = models.ForeignKey(Study, models.PROTECT, null=True, related_name="jobs")
    # Why the labels do not bear a study, in a sentence
    refusal = models.TextField(blank=True)

    objects = StudyJobQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["id"], condition=models.Q(finished_at=None), name="study_jobs_due")]

    def __str__(self) -> str:
        return f"study job {self.pk}"

    def is_final(self, error: Exception) -> bool:
        """A study that took too long would again."""
        return isinstance(error, TookTooLongError) or super().is_final(error)

    @property
    def status(self) -> str:
        """queued, running, done, refused or failed; a failed job waits until somebody tries it again."""
        if self.finished_at:
            return "done" if self.study_id else "refused" if self.refusal else "failed"
        return "running" if self.lease_token else "queued"
