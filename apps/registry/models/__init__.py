"""What is known of a monitored model: its task, classes, features, slices, value, queues."""

import secrets
from datetime import timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.accounts.models import Project, Role, User, validate_name
from apps.registry.models.features import Feature, Slice
from apps.registry.querysets import (
    GuidelineQuerySet,
    IncidentQuerySet,
    MonitoredModelQuerySet,
    ReviewQueueQuerySet,
    ValueModelQuerySet,
)


class Task(models.TextChoices):
    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


def new_salt() -> bytes:
    """The secret of a model's draws: nobody outside can tell which prediction will be drawn."""
    return secrets.token_bytes(32)


class MonitoredModel(models.Model):
    """A model in production whose decisions get a second signature.

    In rows of predictions and outcomes a class is its position in `classes`; so classes may be appended
    but neither reordered nor removed.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="models")
    slug = models.CharField(max_length=64, validators=[validate_name])
    name = models.CharField(max_length=200)
    question = models.CharField(max_length=300, blank=True)
    task = models.CharField(max_length=16, choices=Task)
    classes = ArrayField(models.CharField(max_length=200), default=list)
    positive_class = models.CharField(max_length=200, blank=True)
    class_labels = models.JSONField(default=dict)
    unit = models.CharField(max_length=40, blank=True)
    features = models.JSONField(default=list)
    slices = models.JSONField(default=list)
    maturity_days = models.PositiveIntegerField(default=90)
    # A class or number, as sent; null means "not known".
    outcome_if_absent = models.JSONField(null=True, blank=True)
    blind_share = models.FloatField(default=1.0)
    salt = models.BinaryField(max_length=32, default=new_salt, editable=False)
    # Regression: inner edges of the 200 bins of the prediction, frozen at registration.
    bin_edges = ArrayField(models.FloatField(), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = MonitoredModelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "slug"], name="one_model_per_name"),
            models.CheckConstraint(condition=Q(blind_share__gte=0, blind_share__lte=1), name="blind_share_is_a_share"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_regression(self) -> bool:
        return self.task == Task.REGRESSION

    @property
    def positive_index(self) -> int:
        """The position of the positive class; binary only."""
        return self.classes.index(self.positive_class)

    @property
    def horizon(self) -> timedelta:
        """How long after a prediction its outcome may still come."""
        return timedelta(days=self.maturity_days)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which days are counted."""
        return ZoneInfo(self.project.time_zone)

    @property
    def current_value_model(self) -> "ValueModel | None":
        current: ValueModel | None = self.value_models.order_by("-version").first()
        return current

    @cached_property
    def feature_list(self) -> list[Feature]:
        return [Feature.from_document(document) for document in self.features]

    @cached_property
    def slice_list(self) -> list[Slice]:
        return [Slice.from_document(document) for document in self.slices]

    @property
    def positions(self) -> dict[object, float]:
        """Class as sent → the number it is stored as."""
        return {name: float(at) for at, name in enumerate(self.classes)}

    def encode(self, value: object) -> float:
        """A class or number as sent → the number it is stored as. Raises ValueError."""
        if self.is_regression:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"{value!r} is not a number")
            return float(value)
        if not isinstance(value, str) or value not in self.classes:
            raise ValueError(f"{value!r} is not one of the classes {', '.join(self.classes)}")
        return float(self.classes.index(value))

    def decode(self, stored: float) -> str | float:
        """The stored number → the class or number as sent."""
        return float(stored) if self.is_regression else self.classes[int(stored)]

    def label(self, stored: float | None) -> str:
        """The stored number in words for people."""
        if stored is None:
            return "not known"
        if self.is_regression:
            return f"{stored:,.6g} {self.unit}".strip()
        name = self.classes[int(stored)]
        return str(self.class_labels.get(name, name))


class ModelVersion(models.Model):
    """A version of the model, made when its first prediction comes."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="versions")
    name = models.CharField(max_length=200)
    first_seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "name"], name="one_version_per_name")]

    def __str__(self) -> str:
        return self.name


class ValueModel(models.Model):
    """What a decision is worth, by what was predicted and what was true. A change makes a new version."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="value_models")
    version = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    # {predicted class: {true class: "amount as a decimal text"}}
    matrix = models.JSONField()
    is_per_amount = models.BooleanField(default=False)
    review_cost = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    # In a sentence, for the stakeholders' page: what the amounts stand for and where they come from.
    statement = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ValueModelQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "version"], name="one_value_model_per_version")]

    def __str__(self) -> str:
        return f"value of {self.model}, version {self.version}"


class ReviewQueue(models.Model):
    """Where drawn items wait for people, and by which rules they are judged."""

    class Order(models.TextChoices):
        RANDOM = "random", "in random order"
        STAKES = "stakes", "most at stake first"
        DUE = "due", "oldest first"

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="queues")
    slug = models.CharField(max_length=64, validators=[validate_name])
    name = models.CharField(max_length=200)
    overlap = models.PositiveSmallIntegerField(default=1)
    lease_seconds = models.PositiveIntegerField(default=900)
    prefetch = models.PositiveSmallIntegerField(default=2)
    # Probability that an item is adjudicated although reviewer and model agree, where they differ, and where a
    # majority of reviewers stands against others. Without a majority it is adjudicated in any case.
    adjudication_rate_agreed = models.FloatField(default=0.05)
    adjudication_rate_differs = models.FloatField(default=0.25)
    adjudication_rate_disagreed = models.FloatField(default=1.0)
    # One more reviewer is asked before an adjudicator where the first ones disagree.
    is_extra_reviewer_asked = models.BooleanField(default=False)
    # An item of at least this amount is judged by two people, whatever the overlap; null: none is.
    four_eyes_amount = models.FloatField(null=True, blank=True)
    # Items are served in random order by default. With another one a window counts only once it is drained.
    order = models.CharField(max_length=16, choices=Order, default=Order.RANDOM)
    # The order by which what is open is kept; the worker brings it to the one above.
    kept_order = models.CharField(max_length=16, choices=Order, default=Order.RANDOM, editable=False)
    # Items are late so many hours after they were opened; null: never.
    due_hours = models.PositiveIntegerField(null=True, blank=True)
    # Items with a known answer, and items that the same person has answered before, for each item opened.
    gold_rate = models.FloatField(default=0.0)
    repeat_rate = models.FloatField(default=0.0)
    # From this role on the values of sensitive features are shown at the desk.
    sensitive_role = models.CharField(max_length=16, choices=Role, default=Role.REVIEWER)
    dispute_reasons = ArrayField(models.CharField(max_length=200), default=list)
    # While it is set nothing is handed out; what is in hand may be answered.
    paused_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReviewQueueQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "slug"], name="one_queue_per_name"),
            models.CheckConstraint(condition=Q(overlap__gte=1, overlap__lte=9), name="queue_overlap_1_to_9"),
            models.CheckConstraint(
                condition=Q(adjudication_rate_agreed__gte=0, adjudication_rate_agreed__lte=1)
                & Q(adjudication_rate_differs__gte=0, adjudication_rate_differs__lte=1)
                & Q(adjudication_rate_disagreed__gte=0, adjudication_rate_disagreed__lte=1),
                name="adjudication_rates_are_shares",
            ),
            models.CheckConstraint(
                condition=Q(gold_rate__gte=0, gold_rate__lte=0.5, repeat_rate__gte=0, repeat_rate__lte=0.5),
                name="probe_rates_up_to_a_half",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def guideline(self) -> "Guideline | None":
        """The version in force."""
        current: Guideline | None = self.guidelines.order_by("-version").first()
        return current


class Guideline(models.Model):
    """What reviewers of a queue go by, in Markdown. A change makes a new version; decisions keep theirs."""

    queue = models.ForeignKey(ReviewQueue, models.CASCADE, related_name="guidelines")
    version = models.PositiveIntegerField()
    text = models.TextField()
    # What is different, in a line.
    change = models.CharField(max_length=300, blank=True)
    written_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    written_at = models.DateTimeField(auto_now_add=True)

    objects = GuidelineQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["queue", "version"], name="one_guideline_per_version")]

    def __str__(self) -> str:
        return f"guidelines of {self.queue}, version {self.version}"


class IncidentKind(models.TextChoices):
    FEATURE_MISSING = "feature_missing", "feature missing"
    FEATURE_NEW = "feature_new", "new feature"
    TYPE_CHANGED = "type_changed", "type changed"
    OUTCOMES_PARKED = "outcomes_parked", "outcomes without prediction"


class Incident(models.Model):
    """Something about what comes in that somebody has to look at: one row while it lasts, however often it is seen."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, db_index=False, related_name="incidents")
    # null and empty where the incident is about no version or no feature
    version = models.ForeignKey(ModelVersion, models.CASCADE, null=True, db_index=False, related_name="+")
    # empty with `feature_new`: features beyond the number that is told apart
    feature = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=32, choices=IncidentKind)
    # The declared type, and the kind of an example of what came instead.
    expected = models.CharField(max_length=16, blank=True)
    found = models.CharField(max_length=16, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    rows = models.PositiveBigIntegerField()
    closed_at = models.DateTimeField(null=True)
    # null where it was closed because its cause is gone
    closed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    note = models.TextField(blank=True)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "version", "feature", "kind"],
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
        """What is different, to be read behind the feature's name."""
        match self.kind:
            case IncidentKind.TYPE_CHANGED:
                return f"{self.expected} → {self.found}"
            case IncidentKind.FEATURE_MISSING:
                return "missing"
            case IncidentKind.FEATURE_NEW:
                return f"not in the schema ({self.found})" if self.feature else "further features not in the schema"
            case _:
                return "outcomes whose prediction never came"
