"""Report requests and answers of the API."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from apps.common.api import StrictSerializer
from apps.common.exports import FORMATS
from apps.common.fields import TextField
from apps.reports.models import Kind, Report, Standing

WINDOWS = (
    "`final_month` (the last calendar month whose days are all final), `last_month`, `this_month`, `last_28_days` with "
    "today, `this_quarter`, `last_quarter`, in the project's time zone"
)
EXAMPLE = {
    "kind": "performance",
    "start": "2026-01-01",
    "end": "2026-04-01",
    "slices": ["purpose"],
}


@extend_schema_serializer(
    examples=[OpenApiExample("Performance in the first quarter", value=EXAMPLE, request_only=True)]
)
class ReportRequestSerializer(StrictSerializer):
    kind = serializers.ChoiceField(choices=Kind.choices)
    window = serializers.ChoiceField(choices=Standing.values, required=False, help_text=f"Instead of days: {WINDOWS}")
    start = serializers.DateField(required=False, help_text="First day, in the project's time zone")
    end = serializers.DateField(required=False, help_text="The day after the last one")
    version = TextField(
        max_length=200,
        required=False,
        allow_null=True,
        default=None,
        help_text="A version of the model, as predictions name it: the report is about its predictions alone",
    )
    as_of = serializers.DateTimeField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Use only what was drawn and known at this moment; a moment of an earlier day means the end of that"
        " day in the project's time zone. The same moment always gives the same report. Default: now",
    )
    slices = serializers.ListField(
        child=TextField(max_length=64), max_length=50, required=False, allow_null=True, default=None
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        days = [name for name in ("start", "end") if name in attrs]
        if ("window" in attrs) == bool(days) or len(days) == 1:
            raise serializers.ValidationError({"window": "Name a window, or both `start` and `end`."})
        if days and attrs["start"] >= attrs["end"]:
            raise serializers.ValidationError({"end": "A window must end after it starts."})
        return attrs


class JobAnswerSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()


class EvidenceStatusSerializer(serializers.Serializer[Any]):
    """A worker still writes the evidence: ask again."""

    status = serializers.ChoiceField(choices=["queued", "running"])


class StoredReportSerializer(serializers.ModelSerializer[Report]):
    """A stored report in a list, without its figures."""

    id = serializers.IntegerField(
        source="job", allow_null=True, help_text="Read its figures under this number; null: nobody can by now"
    )
    report = serializers.IntegerField(source="pk", help_text="The number in the address of its page")
    version = serializers.CharField(
        source="version.name", allow_null=True, default=None, help_text="Of the model; null: all versions"
    )
    is_final = serializers.BooleanField(help_text="Every day of it is final")

    class Meta:
        model = Report
        fields = ("id", "report", "kind", "start", "end", "version", "as_of", "seq", "is_final")


class StoredReportsSerializer(serializers.Serializer[Any]):
    reports = StoredReportSerializer(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="Pass it as `cursor` to get the next page")


class StoredReportsQuerySerializer(StrictSerializer):
    kind = serializers.ChoiceField(choices=Kind.values, required=False)
    window = serializers.ChoiceField(
        choices=Standing.values, required=False, help_text=f"On the present days of {WINDOWS}"
    )
    cursor = serializers.IntegerField(min_value=1, required=False, help_text="`next` of the previous page")
    limit = serializers.IntegerField(min_value=1, max_value=1_000, default=100)


class SliceKeySerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    value = serializers.CharField()


class ResultSerializer(serializers.Serializer[Any]):
    metric = serializers.CharField()
    slice = SliceKeySerializer(allow_null=True)
    start = serializers.DateField()
    end = serializers.DateField()
    part = serializers.ChoiceField(choices=["all", "closed", "open"])
    value = serializers.FloatField(allow_null=True, help_text="Full precision; null with a `code` that says why")
    low = serializers.FloatField(allow_null=True, help_text="Lower end of the 95 % range")
    high = serializers.FloatField(allow_null=True, help_text="Upper end of the 95 % range")
    method = serializers.CharField(
        help_text="`exact`: counted, the truth of every prediction it depends on is known. `logit-mod`, `log-mod`, "
        "`plain-mod`: estimated from labels, each weighted by its chance to be drawn. `wilson-mod`: the same with few "
        "labels or near the limits of the metric, with a cautious range, cut to what is possible. `wilson`, `plain`: "
        "counted over all predictions, whatever their truth. `folded-normal`: estimated, less what chance alone would "
        "add. `range`: by kind of mistake. `none`: no value"
    )
    n = serializers.IntegerField(help_text="Labels of the `outcomes` and `reviews` that the metric depends on")
    n_eff = serializers.FloatField(
        allow_null=True, help_text="Labels drawn with equal chances that would be as precise"
    )
    outcomes = serializers.IntegerField(help_text="Predictions of closed days whose outcome is known or ruled")
    reviews = serializers.IntegerField(help_text="Reviewed cases of open days that count")
    response_rate = serializers.FloatField(
        allow_null=True, help_text="Answered share of the cases drawn; null without a draw"
    )
    outcome_share = serializers.FloatField(
        allow_null=True, help_text="Share of the predictions with an outcome; null where it is not known"
    )
    covered_share = serializers.FloatField(
        allow_null=True, help_text="Share of the predictions that had a chance to be drawn"
    )
    code = serializers.CharField(
        allow_null=True, help_text="Why there is no value, or what to know about it, such as `preliminary`"
    )
    labels_needed = serializers.IntegerField(
        allow_null=True,
        help_text="With `preliminary`: labels still needed until the figure stands, never more than are open",
    )
    bounds = serializers.ListField(
        child=serializers.FloatField(),
        allow_null=True,
        min_length=2,
        max_length=2,
        help_text="With fewer than nine in ten answered: lowest and highest value, whatever the missing answers say",
    )


class RestatementSerializer(serializers.Serializer[Any]):
    metric = serializers.CharField()
    was = serializers.JSONField()
    figure = serializers.JSONField()
    previous = serializers.IntegerField()
    previous_as_of = serializers.DateTimeField()
    why = serializers.JSONField()


class ReportAnswerSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=["queued", "running", "done", "failed"])
    progress = serializers.FloatField()
    step = serializers.CharField()
    error = serializers.CharField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    start = serializers.DateField()
    end = serializers.DateField()
    version = serializers.CharField(allow_null=True, help_text="Of the model; null: all versions")
    report = serializers.IntegerField(allow_null=True)
    as_of = serializers.DateTimeField(allow_null=True)
    seq = serializers.IntegerField(allow_null=True)
    results = ResultSerializer(many=True)
    caveats = serializers.JSONField()
    restatements = RestatementSerializer(many=True)


class FigureRowSerializer(ResultSerializer):
    """A result as a row of a file."""

    slice = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # its name alone
    slice_value = serializers.CharField(allow_null=True)
    labels_needed = bounds = None  # type: ignore[assignment]  # a row has no place for them


class FiguresSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=["queued", "running", "done", "failed"])
    figures = FigureRowSerializer(many=True)


class FiguresQuerySerializer(StrictSerializer):
    format = serializers.ChoiceField(choices=["json", *FORMATS], default="json")
