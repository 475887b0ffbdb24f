"""A monitored model: its task, classes, features, slices, versions and value."""

import json
import math
import secrets
from datetime import timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, Value

from apps.accounts.models import Project, User, validate_name
from apps.common.numerals import count, localized
from apps.registry.models.features import Feature, Slice, code_of
from apps.registry.querysets import MonitoredModelQuerySet, ValueModelQuerySet
from apps.stats.tolerance import Tolerance

# An error message names so many classes.
CLASSES_TOLD = 20


class Task(models.TextChoices):
    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


def new_salt() -> bytes:
    """Return a new secret for a model's draws, so that outsiders cannot predict which predictions are drawn."""
    return secrets.token_bytes(32)


class MonitoredModel(models.Model):
    """A model in production whose decisions get a second signature.

    Stored predictions and outcomes hold a class as its position in `classes`, so classes may be appended but
    neither reordered nor removed.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="models")
    slug = models.CharField(max_length=64, validators=[validate_name])
    name = models.CharField(max_length=200)
    question = models.CharField(max_length=300, blank=True)
    task = models.CharField(max_length=16, choices=Task)
    # The model in use that this one may replace: it judges this one's cases, and its outcomes are this one's truth.
    shadow_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="shadows")
    classes = ArrayField(models.CharField(max_length=200), default=list)
    positive_class = models.CharField(max_length=200, blank=True)
    class_labels = models.JSONField(default=dict)
    unit = models.CharField(max_length=40, blank=True)
    # Regression: numbers are the same answer if they differ by no more than this, or by this share of the larger one.
    tolerance = models.FloatField(default=0.0, db_default=0.0)
    tolerance_share = models.FloatField(default=0.0, db_default=0.0)
    features = models.JSONField(default=list)
    slices = models.JSONField(default=list)
    maturity_days = models.PositiveIntegerField(default=90)
    # A class or number as sent; null means "not known".
    outcome_if_absent = models.JSONField(null=True, blank=True)
    # What may be done about a prediction: {action: the class on which it acts, or null}. Empty: the classes.
    actions = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))
    # Whose outcomes can be observed: {"action": [names]} or {"prediction": [classes]}; null: everybody's.
    outcome_observed_when = models.JSONField(null=True, blank=True)
    # Whether a number or a flag may stand for the class of its name, such as 1 for "1".
    reads_numbers_as_classes = models.BooleanField(default=False, db_default=False)
    blind_share = models.FloatField(default=1.0)
    # Whether somebody else has to agree before a change of the sampling counts.
    is_sampling_agreed_by_two = models.BooleanField(default=False, db_default=False)
    salt = models.BinaryField(max_length=32, default=new_salt, editable=False)
    # Regression: inner edges of the 200 bins of the prediction, frozen at registration.
    bin_edges = ArrayField(models.FloatField(), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    # While set, nothing comes in and nothing is worked on; what is stored stays readable.
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = MonitoredModelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "slug"], name="one_model_per_name"),
            models.CheckConstraint(condition=Q(blind_share__gte=0, blind_share__lte=1), name="blind_share_is_a_share"),
            models.CheckConstraint(
                condition=Q(tolerance__gte=0, tolerance_share__gte=0, tolerance_share__lt=1),
                name="tolerance_is_possible",
            ),
            models.CheckConstraint(condition=~Q(shadow_of=models.F("id")), name="no_model_shadows_itself"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_regression(self) -> bool:
        return self.task == Task.REGRESSION

    @property
    def positive_index(self) -> int:
        """The position of the positive class (binary models only)."""
        return self.classes.index(self.positive_class)

    @property
    def horizon(self) -> timedelta:
        """How long after a prediction its outcome may still arrive."""
        return timedelta(days=self.maturity_days)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone that decides where a day begins."""
        return self.project.zone

    @property
    def champion(self) -> "MonitoredModel":
        """The model whose queues, outcomes and value count: that in use, for a shadow; any other model itself."""
        return self.shadow_of or self

    @property
    def queues(self) -> Any:
        """The queues that its cases go to."""
        return self.champion.own_queues

    @property
    def current_value_model(self) -> "ValueModel | None":
        current: ValueModel | None = self.champion.value_models.order_by("-version").first()
        return current

    @cached_property
    def feature_list(self) -> list[Feature]:
        return [Feature.from_document(document) for document in self.features]

    def feature(self, name: str) -> Feature:
        """Return the declared feature of this name, or one of which nothing but its name is known."""
        return self._features_by_name.get(name) or Feature(name, label=name)

    @cached_property
    def _features_by_name(self) -> dict[str, Feature]:
        return {each.name: each for each in self.feature_list}

    @cached_property
    def slice_list(self) -> list[Slice]:
        return [Slice.from_document(document) for document in self.slices]

    @property
    def positions(self) -> dict[object, float]:
        """The number stored for each class as sent."""
        return {name: float(position) for position, name in enumerate(self.classes)}

    def encode(self, value: object) -> float:
        """Return the number to store for a class or number as sent. Raises ValueError."""
        if self.is_regression:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"{value!r} is not a number")
            return float(value)
        name = self._class_of(value) if self.reads_numbers_as_classes else value
        if isinstance(name, str) and name in self.classes:
            return float(self.classes.index(name))
        told = ", ".join(json.dumps(each, ensure_ascii=False) for each in self.classes[:CLASSES_TOLD])
        told += f" and {count(len(self.classes) - CLASSES_TOLD)} more" if len(self.classes) > CLASSES_TOLD else ""
        if isinstance(name, str):
            raise ValueError(f"{json.dumps(name, ensure_ascii=False)} is not one of the classes {told}")
        kind = "a flag" if isinstance(name, bool) else "a number"
        raise ValueError(f"{json.dumps(name)} is {kind}, and classes are texts: {told}")

    def _class_of(self, value: object) -> object:
        """The class that a number or a flag stands for: 1 and 1.0 for "1", true for "true", "True" or "1"."""
        if isinstance(value, bool):
            names = (str(value).lower(), str(value), str(int(value)))
            return next((name for name in names if name in self.classes), value)
        if isinstance(value, int | float):
            return code_of(value)
        return value

    def action_of(self, value: object) -> str:
        """Return the name of an action as sent. Raises ValueError."""
        if not self.actions:
            return str(self.decode(self.encode(value)))
        if isinstance(value, str) and value in self.actions:
            return value
        told = ", ".join(json.dumps(each, ensure_ascii=False) for each in list(self.actions)[:CLASSES_TOLD])
        raise ValueError(f"{json.dumps(value, ensure_ascii=False)} is not one of the actions {told}")

    def acts_on(self, action: str) -> float | None:
        """Return the stored class or number on which an action acts; None if it acts on none."""
        if self.is_regression and not self.actions:
            return float(action)
        name = self.actions.get(action) if self.actions else action
        return None if name is None else self.encode(name)

    def decode(self, stored: float) -> str | float:
        """Return the class or number as sent for a stored number."""
        return float(stored) if self.is_regression else self.classes[int(stored)]

    def agrees(self, one: Any, other: Any) -> Any:
        """Return whether two answers are the same: one class, or numbers within the tolerance. Takes arrays, too."""
        return self.allowed.holds(one, other) if self.is_regression else one == other

    @property
    def allowed(self) -> Tolerance:
        """How far two numbers may differ and be the same answer."""
        return Tolerance(self.tolerance, self.tolerance_share)

    @property
    def tells_right_from_wrong(self) -> bool:
        """Whether answers agree or not: classes, and numbers with a tolerance. Other numbers are only near or far."""
        return not self.is_regression or self.allowed.is_declared

    def label(self, stored: float | None) -> str:
        """Return the stored number in words for people."""
        if stored is None:
            return "not known"
        if self.is_regression:
            return f"{readable(stored)} {self.unit}".strip()
        name = self.classes[int(stored)]
        return str(self.class_labels.get(name, name))


def readable(number: float) -> str:
    """Write a number with six digits, or all of its whole part; with an exponent only where nobody would count zeros.

    >>> readable(36_512_345.25), readable(12.5), readable(-0.0000123), readable(1e20)
    ('36,512,345', '12.5', '-0.0000123', '1e+20')
    """
    if number == 0 or not 1e-9 <= abs(number) < 1e15:
        return localized(f"{number:.6g}")
    decimals = max(0, 5 - math.floor(math.log10(abs(number))))
    text = f"{number:,.{decimals}f}"
    return localized(text.rstrip("0").rstrip(".") if decimals else text)


class ModelVersion(models.Model):
    """A version of the model, created when its first prediction arrives."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="versions")
    name = models.CharField(max_length=200)
    first_seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "name"], name="one_version_per_name")]

    def __str__(self) -> str:
        return self.name


class ValueModel(models.Model):
    """The worth of a decision: by predicted and true class, or for each unit a number is off.

    A change creates a new version.
    """

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="value_models")
    version = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    # {predicted class: {true class: "amount as a decimal text"}}; empty for numbers.
    matrix = models.JSONField(default=dict)
    # Numbers: what one unit of the model costs where the prediction is too high, and where it is too low.
    over_cost = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    under_cost = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    # Whether all these amounts hold for one unit of the prediction's `amount`.
    is_per_amount = models.BooleanField(default=False)
    review_cost = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    # What it costs to make one prediction.
    serving_cost = models.DecimalField(max_digits=20, decimal_places=10, default=0, db_default=0)
    # What one unit of each measured resource costs: {name: "amount as a decimal text"}
    prices = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))
    # One sentence for stakeholders: what the amounts stand for, and where they come from.
    statement = models.TextField(blank=True)
    # Why this version differs from the one before.
    reason = models.CharField(max_length=300, blank=True, db_default="")
    # Null: a key that acts for nobody stated it, or the account is gone.
    stated_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ValueModelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "version"], name="one_value_model_per_version"),
            models.CheckConstraint(
                condition=Q(over_cost=None, under_cost=None) | Q(over_cost__gte=0, under_cost__gte=0),
                name="unit_costs_go_together",
            ),
            models.CheckConstraint(condition=Q(serving_cost__gte=0), name="serving_costs_nothing_or_more"),
        ]

    def __str__(self) -> str:
        return f"value of {self.model}, version {self.version}"
