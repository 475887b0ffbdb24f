"""Review queues: the rules by which items are reviewed, and the guidelines of their reviewers."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.accounts.models import Role, User, validate_name
from apps.registry.models.monitored_model import MonitoredModel
from apps.registry.querysets import GuidelineQuerySet, ReviewQueueQuerySet


class ReviewQueue(models.Model):
    """A queue of drawn items, with the rules by which people review them."""

    class Order(models.TextChoices):
        RANDOM = "random", "in random order"
        STAKES = "stakes", "most at stake first"
        DUE = "due", "oldest first"

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="own_queues")
    slug = models.CharField(max_length=64, validators=[validate_name])
    name = models.CharField(max_length=200)
    overlap = models.PositiveSmallIntegerField(default=1)
    lease_seconds = models.PositiveIntegerField(default=900)
    prefetch = models.PositiveSmallIntegerField(default=2)
    # Probability that an item is adjudicated: where reviewer and model agree, where they differ, and where reviewers
    # disagree but have a majority. Without a majority it always is.
    adjudication_rate_agreed = models.FloatField(default=0.05)
    adjudication_rate_differs = models.FloatField(default=0.25)
    adjudication_rate_disagreed = models.FloatField(default=1.0)
    # Where the first reviewers disagree, ask one more before an adjudicator.
    is_extra_reviewer_asked = models.BooleanField(default=False)
    # Items of at least this amount are judged by two people, whatever the overlap; null: no such rule.
    four_eyes_amount = models.FloatField(null=True, blank=True)
    # In any order but random, reports count a window only once it is drained.
    order = models.CharField(max_length=16, choices=Order, default=Order.RANDOM)
    # The order in which open items are stored; the worker brings it in line with `order`.
    kept_order = models.CharField(max_length=16, choices=Order, default=Order.RANDOM, editable=False)
    # Items are late this many hours after they were opened; null: never.
    due_hours = models.PositiveIntegerField(null=True, blank=True)
    # Known answers, and repeats of a person's earlier items, for each item opened.
    gold_rate = models.FloatField(default=0.0)
    repeat_rate = models.FloatField(default=0.0)
    # The lowest role to whom the desk shows sensitive features; only an owner lowers it.
    sensitive_role = models.CharField(max_length=16, choices=Role.ranked(), default=Role.ENGINEER)
    dispute_reasons = ArrayField(models.CharField(max_length=200), default=list)
    # While set, nothing is handed out; cases in hand may still be answered.
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
        """The guidelines in force."""
        current: Guideline | None = self.guidelines.order_by("-version").first()
        return current


class Guideline(models.Model):
    """Guidelines for a queue's reviewers, in Markdown. A change creates a new version; decisions keep theirs."""

    queue = models.ForeignKey(ReviewQueue, models.CASCADE, related_name="guidelines")
    version = models.PositiveIntegerField()
    text = models.TextField()
    # The change in one line.
    change = models.CharField(max_length=300, blank=True)
    written_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    written_at = models.DateTimeField(auto_now_add=True)

    objects = GuidelineQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["queue", "version"], name="one_guideline_per_version")]

    def __str__(self) -> str:
        return f"guidelines of {self.queue}, version {self.version}"
