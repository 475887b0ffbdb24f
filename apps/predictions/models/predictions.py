"""Predictions at rest: a narrow table for every estimate, a wide one for what was sent, and outcomes.

The hot tables' own references carry no database constraint: each would cost a trigger a row.
"""

from typing import Any

from django.db import models
from django.db.models import Q
from psycopg.types.json import Json

from apps.accounts.models import User
from apps.predictions.models.batches import Batch
from apps.predictions.querysets import ExportViewQuerySet, PredictionQuerySet
from apps.registry.models import ModelVersion, MonitoredModel


class SentJSONField(models.JSONField):
    """A column of type `json`: it keeps the text as sent, with its order; the driver parses it on reading."""

    def db_type(self, connection: Any) -> str:  # noqa: ARG002  # Django's signature
        return "json"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: ARG002  # Django's signature
        return value if value is None or isinstance(value, Json) else Json(value)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:  # noqa: ARG002  # Django's signature
        return value


class Prediction(models.Model):
    """One production prediction, narrow and typed: estimates, lists and queues read nothing else.

    `predicted` and `baseline` are the position of the class, or the number of a regression. `score` is the probability
    of the positive class (binary) or of the predicted class (multiclass).
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
    # {slice key: value}
    slices = models.JSONField(default=dict)
    # Whether its outcome can be observed, where its sender says so: a rejected loan has none.
    observable = models.BooleanField(null=True)
    # The probability with which chance let its outcome be observed against the decision, whether it did or not.
    explore_share = models.FloatField(null=True)
    # The fraction of traffic that its sender logs, where that is less than all: it stands for 1/log_share predictions.
    log_share = models.FloatField(null=True)

    objects = PredictionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "external_id"], name="one_prediction_per_id")]
        indexes = [
            models.Index(fields=["model", "subject"], condition=Q(subject__isnull=False), name="prediction_by_subject"),
            models.Index(fields=["model", "predicted_at"], name="prediction_by_time"),
            models.Index(
                fields=["model"],
                condition=Q(observable__isnull=False) | Q(explore_share__isnull=False),
                name="prediction_selective",
            ),
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def stands_for(self) -> float:
        """The number of predictions made for each one like it that was logged."""
        return 1 / (self.log_share or 1.0)


class Payload(models.Model):
    """The wide part of a prediction, as sent; partitioned by month of arrival (see the migration)."""

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
    # The model's own input after preprocessing, where it differs from the features.
    processed = SentJSONField(null=True)

    class Meta:
        managed = False
        db_table = "predictions_payload"

    def __str__(self) -> str:
        return f"payload of {self.prediction_id}"


class Outcome(models.Model):
    """An outcome as sent. Append-only: a correction is a new row. It may arrive before its prediction.

    Of several for one id the one that occurred last counts; at one moment, the one received last.
    """

    model = models.ForeignKey(MonitoredModel, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    external_id = models.TextField()
    batch = models.ForeignKey(Batch, models.DO_NOTHING, db_constraint=False, related_name="+")
    # The position of the class, or the number of a regression.
    outcome = models.FloatField()
    # When the outcome became known at its source.
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        # It also finds the outcomes of an id.
        constraints = [
            models.UniqueConstraint(fields=["model", "external_id", "occurred_at", "outcome"], name="no_outcome_twice")
        ]

    def __str__(self) -> str:
        return f"outcome of {self.external_id}"


class Action(models.Model):
    """What was really done about a prediction, and by whom. Append-only; of several, the one taken last counts."""

    model = models.ForeignKey(MonitoredModel, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    external_id = models.TextField()
    batch = models.ForeignKey(Batch, models.DO_NOTHING, db_constraint=False, related_name="+")
    # One of the model's actions, or of its classes if it declares none.
    action = models.TextField()
    taken_at = models.DateTimeField()
    # A person or a system, in the sender's words.
    by = models.TextField(blank=True)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "external_id", "taken_at", "action", "by"], name="no_action_twice")
        ]
        indexes = [models.Index(fields=["model", "received_at"], name="actions_by_arrival")]

    def __str__(self) -> str:
        return f"{self.action} of {self.external_id}"


class Hold(models.Model):
    """A decision that waits for people until a moment, and the answer that counts if they have not settled it by then.

    Its answer is given once: whoever asks gets the same, whatever people say later.
    """

    class Source(models.TextChoices):
        HUMAN = "human"
        DEFAULT = "default"

    prediction = models.OneToOneField(
        Prediction, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="hold"
    )
    until = models.DateTimeField()
    default = models.FloatField()
    source = models.CharField(max_length=16, choices=Source, blank=True, db_default="")
    answer = models.FloatField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(source="", answer=None, answered_at=None)
                | (~Q(source="") & Q(answer__isnull=False, answered_at__isnull=False)),
                name="an_answered_hold_has_a_source",
            )
        ]

    def __str__(self) -> str:
        return f"hold of {self.prediction_id}"

    @property
    def is_answered(self) -> bool:
        return self.source != ""


class CaseView(models.Model):
    """A person was shown a prediction, its answers or its truth, so their judgement of it is not blind."""

    class Place(models.TextChoices):
        """Where it was shown."""

        DESK = "desk"  # their own review: not blind, or after the judgement
        SETTLING = "settling"  # on the desk of an adjudicator
        OWN = "own"  # their own part of a case that they answered
        CASE = "case"  # all of it
        QUESTION = "question"
        BESIDE = "beside"  # a tab beside another case
        LIST = "list"
        FIGURES = "figures"  # counted in figures that compare their answers with those of others
        PUSH = "push"  # the answer to a row that was sent again

    prediction = models.ForeignKey(
        Prediction, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="views"
    )
    user = models.ForeignKey(User, models.CASCADE, related_name="case_views")
    place = models.CharField(max_length=32, choices=Place)
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["prediction", "user", "place"], name="one_view_per_case_and_place")
        ]

    def __str__(self) -> str:
        return f"{self.user} saw {self.prediction_id}"


class ExportView(models.Model):
    """A person exported predictions of a model, or their truth. All of the range counts as seen."""

    user = models.ForeignKey(User, models.CASCADE, related_name="export_views")
    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="+", db_index=False)
    # The filters of the request.
    filters = models.JSONField()
    # Keys of predictions, both included.
    first_prediction = models.BigIntegerField()
    last_prediction = models.BigIntegerField()
    exported_at = models.DateTimeField(auto_now_add=True)

    objects = ExportViewQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["model", "user", "last_prediction"], name="exports_by_person")]

    def __str__(self) -> str:
        return f"{self.user} exported {self.first_prediction}–{self.last_prediction}"
