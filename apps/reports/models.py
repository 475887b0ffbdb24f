"""Report jobs, and reports: computed as of a number of the record of truth, and never changed."""

from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.common.deadlines import TookTooLongError
from apps.common.errors import DomainError
from apps.common.jobs import Job, JobQuerySet
from apps.registry.models import ModelVersion, MonitoredModel
from apps.reports.querysets import (
    ComparisonJobQuerySet,
    ComparisonQuerySet,
    FollowedWindowQuerySet,
    HeadlineQuerySet,
    ReportJobQuerySet,
    ReportQuerySet,
)


class Kind(models.TextChoices):
    PERFORMANCE = "performance"
    BASELINE = "baseline"
    VALUE = "value"


class Standing(models.TextChoices):
    """Windows that move with the calendar. Days are half-open, in the project's time zone."""

    FINAL_MONTH = "final_month"  # the last calendar month whose days are all final
    LAST_MONTH = "last_month"  # the calendar month before this one, final or still open
    THIS_MONTH = "this_month"
    LAST_28_DAYS = "last_28_days"  # today is the last of them
    THIS_QUARTER = "this_quarter"
    LAST_QUARTER = "last_quarter"


class ReportJob(Job):
    """A request for a report, its progress, and its error where it failed."""

    MAX_ATTEMPTS = 3

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="report_jobs")
    kind = models.CharField(max_length=16, choices=Kind)
    # Half-open days in the project's time zone: [start, end).
    start = models.DateField()
    end = models.DateField()
    # Null: all versions of the model.
    version = models.ForeignKey(ModelVersion, models.CASCADE, null=True, db_index=False, related_name="+")
    # Null: everything known when the job runs.
    as_of = models.DateTimeField(null=True)
    # Names of slices.
    slices = models.JSONField(default=list)
    step = models.CharField(max_length=200, blank=True)
    requested_at = models.DateTimeField(auto_now_add=True)
    # Null: a client system, or the product itself when more became known.
    requested_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    # Made again by itself, since more is known; what people ask for goes first.
    is_refresh = models.BooleanField(default=False)
    report = models.ForeignKey("Report", models.PROTECT, null=True, related_name="jobs")

    objects = ReportJobQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(start__lt=models.F("end")), name="report_window_not_empty")]
        indexes = [models.Index(fields=["id"], condition=Q(finished_at=None), name="report_jobs_due")]

    def __str__(self) -> str:
        return f"{self.kind} job {self.pk}"

    def is_final(self, error: Exception) -> bool:
        """A report that took too long would again."""
        return isinstance(error, TookTooLongError) or super().is_final(error)

    @property
    def status(self) -> str:
        """queued, running, done or failed; a failed job waits until somebody tries it again."""
        if self.finished_at:
            return "done" if self.report_id else "failed"
        return "running" if self.lease_token else "queued"


class Report(models.Model):
    """A finished report, inserted once. The same window, record number and configuration give the same row."""

    model = models.ForeignKey(MonitoredModel, models.PROTECT, related_name="reports")
    kind = models.CharField(max_length=16, choices=Kind)
    start = models.DateField()
    end = models.DateField()
    # Null: all versions of the model.
    version = models.ForeignKey(ModelVersion, models.PROTECT, null=True, db_index=False, related_name="+")
    seq = models.BigIntegerField()
    as_of = models.DateTimeField()
    configuration_hash = models.CharField(max_length=64)
    # See `services.configured`; empty: made before settings were kept.
    settings = models.JSONField(default=dict)
    # See apps.reports.engine.document.
    document = models.JSONField()
    previous = models.ForeignKey("self", models.PROTECT, null=True, related_name="successors")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "kind", "start", "end", "version", "seq", "configuration_hash"],
                name="one_report_per_window_and_seq",
                nulls_distinct=False,
            )
        ]
        indexes = [models.Index(fields=["model", "kind", "-id"], name="report_by_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.start} to {self.end}"


class EvidenceFile(Job):
    """The evidence of a report as a file: a worker writes it when somebody asks, and it is kept for a day."""

    MAX_ATTEMPTS = 3

    report = models.OneToOneField(Report, models.CASCADE, related_name="evidence")
    requested_at = models.DateTimeField(auto_now_add=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(finished_at=None), name="evidence_files_due")]

    def __str__(self) -> str:
        return f"evidence of report {self.report_id}"

    def is_final(self, error: Exception) -> bool:
        """Evidence that has changed since stays so."""
        return isinstance(error, DomainError) or super().is_final(error)


class EvidencePiece(models.Model):
    """A part of an evidence file. Web and worker need not share a disk."""

    file = models.ForeignKey(EvidenceFile, models.CASCADE, db_index=False, related_name="pieces")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="one_evidence_piece_per_place")]

    def __str__(self) -> str:
        return f"piece {self.number} of {self.file_id}"


class Headline(models.Model):
    """The lead figures of a report on all versions, as everybody may see them: other pages list many of these at once.

    Written with the report, in the same transaction.
    """

    report = models.OneToOneField(Report, models.CASCADE, primary_key=True, related_name="summary")
    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="headlines")
    kind = models.CharField(max_length=16, choices=Kind)
    start = models.DateField()
    end = models.DateField()
    as_of = models.DateTimeField()
    # Predictions of the window so far.
    n = models.PositiveBigIntegerField()
    # What is figured: see `services.headlines.LEADS`; in money, a share, or the unit of the prediction.
    metric = models.CharField(max_length=32)
    value = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    # Why there is no value, or what to know about it.
    code = models.CharField(max_length=32, blank=True)
    # Value reports: the currency, empty without a value model, and what the window's reviews cost.
    currency = models.CharField(max_length=3, blank=True)
    review_cost = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    # The window is over, and its last day is older than the horizon; the report before was made earlier than that.
    is_final = models.BooleanField()
    is_newly_final = models.BooleanField()
    final_through = models.DateField(null=True)
    # {"was": the value as an earlier report of the same window gave it, "why": {what became known: how many}}
    restated = models.JSONField(null=True)
    # The course by week: see `services.weekly`.
    weeks = models.JSONField(default=list)
    # Of its window, the one that knows most.
    is_newest = models.BooleanField()
    created_at = models.DateTimeField()

    objects = HeadlineQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["model", "start", "end"], condition=Q(is_newest=True), name="headlines_by_window"),
            models.Index(fields=["model", "-created_at"], name="headlines_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.metric} of {self.model}, {self.start} to {self.end}"


class FollowedWindow(models.Model):
    """A window that somebody asked for or looked at: its report is made again for a while when more is known.

    A standing window moves on with the calendar; `start` and `end` are its days when it was last looked into.
    """

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="followed_windows")
    kind = models.CharField(max_length=16, choices=Kind)
    # Empty: these days and no others.
    standing = models.CharField(max_length=16, choices=Standing, blank=True)
    start = models.DateField()
    end = models.DateField()
    # Null: all versions of the model.
    version = models.ForeignKey(ModelVersion, models.CASCADE, null=True, db_index=False, related_name="+")
    seen_at = models.DateTimeField()
    kept_until = models.DateTimeField()
    # The sweep takes the rows in this order, and none before it may be looked into again.
    checked_at = models.DateTimeField(null=True)
    quiet_until = models.DateTimeField(null=True)
    # What was known of the model when the report was last found up to date; the same again needs no look.
    known = models.CharField(max_length=64, blank=True)

    objects = FollowedWindowQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "kind", "standing"], condition=~Q(standing=""), name="one_row_per_standing_window"
            ),
            models.UniqueConstraint(
                fields=["model", "kind", "start", "end", "version"],
                condition=Q(standing=""),
                name="one_row_per_window",
                nulls_distinct=False,
            ),
        ]
        indexes = [models.Index(fields=["checked_at"], name="followed_by_check")]

    def __str__(self) -> str:
        return f"{self.kind} {self.standing or f'{self.start} to {self.end}'}"


class TwoSides(models.Model):
    """Two windows of a model, each of all versions or of one, valued by the present value model or by an earlier one.

    Windows are half-open days in the project's time zone.
    """

    model = models.ForeignKey(MonitoredModel, models.PROTECT, db_index=False, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind)
    first_start = models.DateField()
    first_end = models.DateField()
    # Null: all versions of the model.
    first_version = models.ForeignKey(ModelVersion, models.PROTECT, null=True, db_index=False, related_name="+")
    # The version of the value model; null: the present one.
    first_value_model = models.PositiveIntegerField(null=True)
    second_start = models.DateField()
    second_end = models.DateField()
    second_version = models.ForeignKey(ModelVersion, models.PROTECT, null=True, db_index=False, related_name="+")
    second_value_model = models.PositiveIntegerField(null=True)

    class Meta:
        abstract = True


# What names the sides of a comparison.
SIDES = tuple(f"{side}_{what}" for side in ("first", "second") for what in ("start", "end", "version", "value_model"))


class ComparisonJob(Job, TwoSides):
    """A request to compare two windows, its progress, and its error where it failed."""

    MAX_ATTEMPTS = 3

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="comparison_jobs")
    step = models.CharField(max_length=200, blank=True)
    requested_at = models.DateTimeField(auto_now_add=True)
    requested_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    comparison = models.ForeignKey("Comparison", models.PROTECT, null=True, related_name="jobs")

    objects = ComparisonJobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(first_start__lt=models.F("first_end"), second_start__lt=models.F("second_end")),
                name="compared_windows_not_empty",
            )
        ]
        indexes = [models.Index(fields=["id"], condition=Q(finished_at=None), name="comparison_jobs_due")]

    def __str__(self) -> str:
        return f"comparison job {self.pk}"

    def is_final(self, error: Exception) -> bool:
        """A comparison that took too long would again."""
        return isinstance(error, TookTooLongError) or super().is_final(error)

    @property
    def status(self) -> str:
        """queued, running, done or failed; a failed job waits until somebody tries it again."""
        if self.finished_at:
            return "done" if self.comparison_id else "failed"
        return "running" if self.lease_token else "queued"


class Comparison(TwoSides):
    """A finished comparison, inserted once. The same sides, record number and configuration give the same row."""

    seq = models.BigIntegerField()
    as_of = models.DateTimeField()
    configuration_hash = models.CharField(max_length=64)
    # See apps.reports.engine.comparison_document.
    document = models.JSONField()
    # The settings it was made with, as in reports.
    settings = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ComparisonQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "kind", *SIDES, "seq", "configuration_hash"],
                name="one_comparison_per_sides_and_seq",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.first_start} to {self.first_end} and {self.second_start} to {self.second_end}"
