"""Requests and answers of the API. Pushed rows are only described here; `reading` checks them."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from apps.common import strict_json
from apps.common.api import StrictSerializer
from apps.common.fields import ClassOrNumberField, TextField, WholeNumberField
from apps.common.strict_json import StrictJSONError
from apps.predictions.models import BatchKind, FileForm, RejectedState
from apps.predictions.reading.choices import Choices
from apps.predictions.reading.rows import LEAST_LOG_SHARE
from apps.predictions.services import replaying
from apps.predictions.services.choosing import ChoicesForm


class PushQuerySerializer(StrictSerializer):
    atomic = serializers.BooleanField(default=False, help_text="All rows or none")


class RejectionSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="The row's position, counted from 0; in NDJSON, its line")
    id = serializers.CharField(allow_null=True, help_text="The row's own id, if it could be read")
    code = serializers.CharField()
    field = serializers.CharField(allow_null=True)
    message = serializers.CharField()


class ReasonSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    field = serializers.CharField(allow_null=True)
    rows = serializers.IntegerField(help_text="How many rows were rejected for this reason")
    example = RejectionSerializer(help_text="The first of them")


class PredictionsAnswerSerializer(serializers.Serializer[Any]):
    batch = serializers.IntegerField(allow_null=True)
    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    rejected = RejectionSerializer(many=True)
    reasons = ReasonSerializer(many=True, help_text="The rejected rows gathered by reason, the most frequent first")


class OutcomesAnswerSerializer(PredictionsAnswerSerializer):
    parked = serializers.IntegerField()


CLASS = "A class, or a number for a regression"


class PredictionFormSerializer(StrictSerializer):
    id = serializers.CharField(min_length=1, max_length=400, help_text="Unique within the model")
    predicted_at = serializers.DateTimeField(help_text="With its time zone")
    version = serializers.CharField(min_length=1, max_length=200, required=False, allow_null=True)
    features = serializers.DictField(required=False, allow_null=True)
    prediction = ClassOrNumberField(help_text=CLASS)
    probabilities = serializers.DictField(
        child=serializers.FloatField(min_value=0, max_value=1),
        required=False,
        allow_null=True,
        help_text="By class; they sum to 1",
    )
    score = serializers.FloatField(
        min_value=0, max_value=1, required=False, allow_null=True, help_text="Binary: probability of the positive class"
    )
    baseline = ClassOrNumberField(required=False, allow_null=True, help_text=CLASS)
    attributions = serializers.DictField(child=serializers.FloatField(), required=False, allow_null=True)
    attribution_base = serializers.FloatField(required=False, allow_null=True)
    amount = serializers.FloatField(required=False, allow_null=True, help_text="Amount at stake")
    subject = serializers.CharField(
        min_length=1, max_length=400, required=False, allow_null=True, help_text="The person or thing it is about"
    )
    latency_ms = serializers.FloatField(min_value=0, required=False, allow_null=True)
    resources = serializers.DictField(child=serializers.FloatField(), required=False, allow_null=True)
    observable = serializers.BooleanField(
        required=False, allow_null=True, help_text="Whether its outcome can be observed: a rejected loan has none"
    )
    explore_share = serializers.FloatField(
        min_value=0,
        max_value=1,
        required=False,
        allow_null=True,
        help_text="The probability, above 0, with which chance lets its outcome be observed against the decision; on"
        " every row that was subject to it, chosen or not",
    )
    hold_until = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Whoever decides waits for people until then: see its verdict"
    )
    hold_default = ClassOrNumberField(
        required=False, allow_null=True, help_text="The verdict if people are not done in time; else the prediction"
    )
    processed = serializers.DictField(
        required=False,
        allow_null=True,
        help_text="The model\u2019s own input after preprocessing, where it differs from `features`",
    )
    log_share = serializers.FloatField(
        min_value=LEAST_LOG_SHARE,
        max_value=1,
        required=False,
        allow_null=True,
        help_text="The fraction of traffic that is logged, if not all is: each prediction sent stands for 1/log_share",
    )


PREDICTION = {
    "id": "application-4711",
    "predicted_at": "2026-03-02T09:30:00+01:00",
    "version": "v7",
    "features": {"income": 41200, "purpose": "car", "employed_since": None},
    "prediction": "yes",
    "score": 0.83,
    "baseline": "no",
    "amount": 12000,
}
OUTCOME = {"id": "application-4711", "outcome": "no", "occurred_at": "2026-05-11T00:00:00Z"}


@extend_schema_serializer(
    examples=[OpenApiExample("One prediction", value={"predictions": [PREDICTION]}, request_only=True)]
)
class PredictionsSerializer(StrictSerializer):
    predictions = PredictionFormSerializer(many=True)


class OutcomeFormSerializer(StrictSerializer):
    id = serializers.CharField(min_length=1, max_length=400, help_text="The id of the prediction")
    outcome = ClassOrNumberField(help_text=CLASS)
    occurred_at = serializers.DateTimeField(help_text="When the outcome became known at its source")


@extend_schema_serializer(examples=[OpenApiExample("One outcome", value={"outcomes": [OUTCOME]}, request_only=True)])
class OutcomesSerializer(StrictSerializer):
    outcomes = OutcomeFormSerializer(many=True)


class ActionFormSerializer(StrictSerializer):
    id = serializers.CharField(min_length=1, max_length=400, help_text="The id of the prediction")
    action = ClassOrNumberField(help_text="One of the model\u2019s `actions`; a class or number if it declares none")
    taken_at = serializers.DateTimeField(help_text="When it was done")
    by = serializers.CharField(
        min_length=1, max_length=200, required=False, allow_null=True, help_text="The person or system that did it"
    )


ACTION = {"id": "application-4711", "action": "rejected", "taken_at": "2026-03-02T10:05:00Z", "by": "desk 3"}


@extend_schema_serializer(examples=[OpenApiExample("One action", value={"actions": [ACTION]}, request_only=True)])
class ActionsSerializer(StrictSerializer):
    actions = ActionFormSerializer(many=True)


class DueSerializer(serializers.Serializer[Any]):
    draw = serializers.IntegerField()
    open_items = serializers.IntegerField()
    resolve = serializers.IntegerField()
    inspect = serializers.IntegerField()
    fill_slices = serializers.IntegerField()


class BatchesSerializer(serializers.Serializer[Any]):
    """How far a model's pushes have been processed. With nothing due, everything sent has taken effect."""

    batches = serializers.IntegerField()
    due = DueSerializer(help_text="Batches that each stage still has to consume")


class LimitsSerializer(serializers.Serializer[Any]):
    body_bytes = serializers.IntegerField(help_text="A body of rows, as it is sent and once it is decompressed")
    json_bytes = serializers.IntegerField(help_text="The same for JSON; NDJSON, Parquet and Arrow may use `body_bytes`")
    upload_bytes = serializers.IntegerField(help_text="An uploaded file")
    document_bytes = serializers.IntegerField(help_text="The body of any other call")
    rows_per_batch = serializers.IntegerField()
    bytes_per_row = serializers.IntegerField()
    features_per_row = serializers.IntegerField()
    requests_per_minute = serializers.IntegerField(allow_null=True, help_text="For one key")
    rows_per_minute = serializers.IntegerField(allow_null=True, help_text="For one key")


class QuarantineQuerySerializer(StrictSerializer):
    code = serializers.CharField(max_length=64, required=False)
    kind = serializers.ChoiceField(choices=BatchKind.choices, required=False)
    state = serializers.ChoiceField(choices=RejectedState.choices, default=RejectedState.WAITING)
    cursor = serializers.IntegerField(min_value=1, required=False, help_text="`next` of the previous page")
    limit = serializers.IntegerField(min_value=1, max_value=1_000, default=100)
    format = serializers.ChoiceField(choices=["json", "ndjson"], default="json")


class RejectedRowSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="The row's number in quarantine")
    kind = serializers.ChoiceField(choices=BatchKind.choices)
    received_at = serializers.DateTimeField()
    index = serializers.IntegerField(help_text="The row's position in its push")
    external_id = serializers.CharField(allow_null=True, help_text="The row's own id, if it could be read")
    code = serializers.CharField()
    field = serializers.CharField(allow_null=True)
    message = serializers.CharField()
    raw = serializers.CharField(help_text="The text as sent")
    is_cut = serializers.BooleanField(help_text="Only the beginning is kept; the row cannot be tried again")
    state = serializers.ChoiceField(choices=RejectedState.choices)
    tried_at = serializers.DateTimeField(allow_null=True)
    replayed_at = serializers.DateTimeField(allow_null=True)


class RejectedCountSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=BatchKind.choices)
    code = serializers.CharField()
    rows = serializers.IntegerField()


class QuarantineSerializer(serializers.Serializer[Any]):
    rows = RejectedRowSerializer(many=True)
    next = serializers.IntegerField(allow_null=True)
    counts = RejectedCountSerializer(many=True, help_text="All rows in this state, by kind and code")
    left_out = serializers.IntegerField(help_text="Further rejected rows of large pushes, counted but not kept")


class ReplaySerializer(StrictSerializer):
    code = TextField(max_length=64, required=False)
    kind = serializers.ChoiceField(choices=BatchKind.choices, required=False)
    ids = serializers.ListField(
        child=WholeNumberField(min_value=1, max_value=2**63 - 1), max_length=replaying.MAX_ROWS, required=False
    )


class ReplayedRejectionSerializer(RejectionSerializer):
    row = serializers.IntegerField(help_text="The row's number in quarantine")


class ReplayAnswerSerializer(serializers.Serializer[Any]):
    batch = serializers.IntegerField(allow_null=True)
    batches = serializers.ListField(child=serializers.IntegerField(), help_text="One for each kind that was stored")
    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    parked = serializers.IntegerField()
    rejected = ReplayedRejectionSerializer(many=True)
    remaining = serializers.IntegerField(help_text="Rows left for the next call; one call tries 5,000")


MAPPING_SCHEMA = {"type": "object", "additionalProperties": {"type": ["string", "null"], "maxLength": 400}}


class ObjectField(serializers.Field[Any, Any, Any, Any]):
    """A JSON object in its own part of the form."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        try:
            document = strict_json.loads(data.encode()) if isinstance(data, str) else None
        except (StrictJSONError, UnicodeEncodeError):
            document = None
        if not isinstance(document, dict):
            raise serializers.ValidationError("Send a JSON object.")
        return document

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field(MAPPING_SCHEMA)
class MappingField(ObjectField):
    """Column → field, or null."""

    def to_internal_value(self, data: Any) -> dict[str, str | None]:
        mapping = super().to_internal_value(data)
        if not all(name is None or isinstance(name, str) for name in mapping.values()):
            raise serializers.ValidationError("Send a JSON object: column → field, or null to leave a column out.")
        return mapping


@extend_schema_field({"type": "object", "additionalProperties": True})
class ChoicesField(ObjectField):
    """How to read the file."""

    def to_internal_value(self, data: Any) -> Choices:  # type: ignore[override]  # it reads more than the object
        form = ChoicesForm(super().to_internal_value(data))
        unknown = sorted(set(form.data) - set(form.fields))
        if unknown:
            raise serializers.ValidationError(f"There is no choice {unknown[0]!r}.")
        if not form.is_valid():
            name, messages = next(iter(form.errors.items()))
            raise serializers.ValidationError(f"{name}: {messages[0]}")
        return form.choices


class UploadRequestSerializer(StrictSerializer):
    file = serializers.FileField(
        allow_empty_file=True,
        help_text="CSV, NDJSON or Parquet, recognized by the end of its name or by its type",
    )
    kind = serializers.ChoiceField(choices=BatchKind.choices)
    mapping = MappingField(
        required=False,
        help_text="Column → field, such as `id` or `features.age`, or null to leave it out. Other columns go by their"
        " name; a name that is not a field becomes a feature.",
    )
    choices = ChoicesField(
        required=False,
        help_text="How to read the file, as on the page: `delimiter`, `encoding`, `decimal_comma`, `missing`, `zone`,"
        " `time_of_day`, `is_day_first`, `moment`, `row_ids`.",
    )


class UploadAnswerSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()


class UploadSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    model = serializers.CharField()
    kind = serializers.ChoiceField(choices=BatchKind.choices)
    form = serializers.ChoiceField(choices=FileForm.choices)
    name = serializers.CharField()
    status = serializers.ChoiceField(choices=["draft", "queued", "running", "done", "failed"])
    progress = serializers.FloatField(help_text="The share of the file that is loaded")
    bytes = serializers.IntegerField()
    bytes_done = serializers.IntegerField()
    rows = serializers.IntegerField(help_text="Lines or rows read so far, including blank lines and the header line")
    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    parked = serializers.IntegerField()
    rejected = serializers.DictField(child=serializers.IntegerField(), help_text="Rows by code")
    reasons = ReasonSerializer(many=True, help_text="Why rows were rejected, the most frequent reason first")
    batches = serializers.ListField(child=serializers.IntegerField())
    error = serializers.CharField(help_text="Why the upload failed, or the error of the last try")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
