"""Incidents: what somebody has to look at, in incoming data and in their processing."""

from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.registry.models.follow_up import FollowUp
from apps.registry.models.monitored_model import ModelVersion, MonitoredModel
from apps.registry.querysets import IncidentQuerySet


class IncidentKind(models.TextChoices):
    FEATURE_MISSING = "feature_missing", "feature missing"
    FEATURE_NEW = "feature_new", "new feature"
    TYPE_CHANGED = "type_changed", "type changed"
    OUTCOMES_PARKED = "outcomes_parked", "outcomes without prediction"
    BATCHES_STUCK = "batches_stuck", "batches given up"
    DATA_CHANGED = "data_changed", "data not like the weeks before"
    PARITY_LOST = "parity_lost", "the model file does not reproduce stored scores"


# Changes that need no more than a few words.
CHANGES = {
    IncidentKind.FEATURE_MISSING: "missing",
    IncidentKind.OUTCOMES_PARKED: "outcomes whose prediction never arrived",
    IncidentKind.DATA_CHANGED: "not like the weeks before",
    IncidentKind.PARITY_LOST: "the model file does not reproduce stored scores",
}
# What does not happen to rows that are stuck in a stage.
STUCK = {
    "draw": "predictions that cannot be drawn",
    "open_items": "drawn predictions that cannot be opened as cases",
    "resolve": "rows that cannot be resolved",
    "resolve_items": "reviews that cannot be resolved",
    "inspect": "rows that cannot be inspected",
    "fill_slices": "predictions whose new slices cannot be filled",
    "add_up": "contributions that cannot be counted",
    "explain": "drawn predictions that cannot be explained",
}


class Incident(FollowUp):
    """A change in incoming data, or batches that no worker can process: one row while it lasts, however often seen."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="incidents")
    # Null and empty where the incident concerns no single version or feature.
    version = models.ForeignKey(ModelVersion, models.CASCADE, null=True, db_index=False, related_name="+")
    # Empty with `feature_new`: more new features than are listed one by one.
    feature = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=32, choices=IncidentKind)
    # For batches that were given up: the stage at which they fail, and the batches and rows themselves. For changed
    # data: which event it is, and what is new in one sentence.
    stage = models.CharField(max_length=16, blank=True, db_default="")
    detail = models.TextField(blank=True, db_default="")
    # The declared type, and the kind of one value that came instead.
    expected = models.CharField(max_length=16, blank=True)
    found = models.CharField(max_length=16, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    rows = models.PositiveBigIntegerField()
    closed_at = models.DateTimeField(null=True)
    # Null where it was closed because its cause is gone.
    closed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    note = models.TextField(blank=True)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "version", "feature", "kind", "stage"],
                condition=Q(closed_at=None),
                nulls_distinct=False,
                name="one_open_incident_per_change",
            ),
        ]
        indexes = [models.Index(fields=["model", "-closed_at"], name="incident_by_model")]

    def __str__(self) -> str:
        return f"{self.feature or self.model.name} {self.change}"

    @property
    def change(self) -> str:
        """The change in words, to be read after the feature's name."""
        match self.kind:
            case IncidentKind.TYPE_CHANGED:
                return f"{self.expected} → {self.found}"
            case IncidentKind.FEATURE_NEW:
                return f"not in the schema ({self.found})" if self.feature else "further features not in the schema"
            case IncidentKind.BATCHES_STUCK:
                return STUCK.get(self.stage, self.stage)
            case _:
                return CHANGES[IncidentKind(self.kind)]
