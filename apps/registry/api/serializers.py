"""Models and incidents on the wire."""

from typing import Any

from rest_framework import serializers

from apps.accounts.models import Project
from apps.common.api import StrictSerializer
from apps.common.fields import ClassOrNumberField, TextField
from apps.registry.models import Finding, Helped, Incident, MonitoredModel, ValueModel
from apps.registry.models.follow_up import LONGEST_TEXT
from apps.registry.services.documents import ObservedSerializer, QueueSerializer
from apps.registry.services.follow_ups import FIELDS, owner_of


class ValueModelShownSerializer(serializers.ModelSerializer[ValueModel]):
    per_amount = serializers.BooleanField(source="is_per_amount")

    class Meta:
        model = ValueModel
        fields = (
            "version",
            "currency",
            "matrix",
            "over_cost",
            "under_cost",
            "per_amount",
            "review_cost",
            "serving_cost",
            "prices",
            "statement",
            "reason",
            "created_at",
        )


class ModelShownSerializer(serializers.ModelSerializer[MonitoredModel]):
    """A model with its queues and the value model in force."""

    model = serializers.CharField(source="slug")
    outcome_if_absent = ClassOrNumberField(allow_null=True)
    actions = serializers.DictField(child=ClassOrNumberField(allow_null=True))
    outcome_observed_when = ObservedSerializer(allow_null=True)
    shadow_of = serializers.CharField(source="shadow_of.slug", allow_null=True, default=None)
    queues = QueueSerializer(many=True)
    value_model = ValueModelShownSerializer(source="current_value_model", allow_null=True)

    class Meta:
        model = MonitoredModel
        fields = (
            "model",
            "name",
            "question",
            "task",
            "shadow_of",
            "classes",
            "positive_class",
            "class_labels",
            "reads_numbers_as_classes",
            "unit",
            "tolerance",
            "tolerance_share",
            "features",
            "slices",
            "maturity_days",
            "outcome_if_absent",
            "actions",
            "outcome_observed_when",
            "blind_share",
            "queues",
            "value_model",
            "archived_at",
        )


class ModelListedSerializer(serializers.ModelSerializer[MonitoredModel]):
    """A model in a list."""

    model = serializers.CharField(source="slug")

    class Meta:
        model = MonitoredModel
        fields = ("model", "name", "question", "task", "created_at", "archived_at")


class ModelsSerializer(serializers.Serializer[Any]):
    models = ModelListedSerializer(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="Pass it as `cursor` to get the next page")


class ModelsQuerySerializer(StrictSerializer):
    state = serializers.ChoiceField(choices=["active", "archived", "all"], default="active")
    cursor = serializers.IntegerField(min_value=1, required=False, help_text="`next` of the previous page")
    limit = serializers.IntegerField(min_value=1, max_value=1_000, default=100)


class IncidentSerializer(serializers.ModelSerializer[Incident]):
    """An incident."""

    version = serializers.CharField(
        source="version.name", allow_null=True, default=None, help_text="null: it concerns no single version"
    )
    change = serializers.CharField(help_text="In words, to be read after the feature's name")
    closed_by = serializers.CharField(
        source="closed_by.display_name",
        allow_null=True,
        default=None,
        help_text="null with `closed_at`: its cause is gone, or a key that acts for nobody closed it",
    )

    owner = serializers.EmailField(source="owner.email", allow_null=True, default=None)

    class Meta:
        model = Incident
        fields = (
            "id",
            "kind",
            "version",
            "feature",
            "change",
            "expected",
            "found",
            "stage",
            "detail",
            "rows",
            "first_seen_at",
            "last_seen_at",
            "closed_at",
            "closed_by",
            "note",
            *FIELDS,
        )


class IncidentsSerializer(serializers.Serializer[Any]):
    incidents = IncidentSerializer(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="Pass it as `cursor` to get the next page")


class IncidentsQuerySerializer(StrictSerializer):
    state = serializers.ChoiceField(choices=["open", "closed", "all"], default="open")
    cursor = serializers.IntegerField(min_value=1, required=False, help_text="`next` of the previous page")
    limit = serializers.IntegerField(min_value=1, max_value=1_000, default=100)


class FollowUpSerializer(StrictSerializer):
    """What changes of who sees to it and what came of it; what is left out stays."""

    owner = serializers.EmailField(
        required=False, allow_null=True, help_text="The address of a validator, an engineer or an owner; null: nobody"
    )
    due_on = serializers.DateField(required=False, allow_null=True)
    cause = TextField(max_length=LONGEST_TEXT, required=False, allow_blank=True)
    action = TextField(max_length=LONGEST_TEXT, required=False, allow_blank=True)
    helped = serializers.ChoiceField(choices=Helped.choices, required=False, allow_blank=True)

    def changes(self, project: Project) -> dict[str, Any]:
        """Return the fields that were given, with the owner as a person. Raises DomainError for an unknown one."""
        given = {name: value for name, value in self.validated_data.items() if name in FIELDS}
        if given.get("owner"):
            given["owner"] = owner_of(project, given["owner"])
        return given


class NewFindingSerializer(FollowUpSerializer):
    title = TextField(max_length=200)
    text = TextField(max_length=LONGEST_TEXT, default="", allow_blank=True)
    cause = action = helped = None  # type: ignore[assignment]  # they come later


class FindingChangeSerializer(FollowUpSerializer):
    is_open = serializers.BooleanField(required=False, help_text="Closes the finding, or opens it again")


class FindingSerializer(serializers.ModelSerializer[Finding]):
    """A finding."""

    owner = serializers.EmailField(source="owner.email", allow_null=True, default=None)
    written_by = serializers.CharField(source="written_by.display_name", allow_null=True, default=None)
    closed_by = serializers.CharField(source="closed_by.display_name", allow_null=True, default=None)

    class Meta:
        model = Finding
        fields = ("id", "title", "text", "written_at", "written_by", *FIELDS, "closed_at", "closed_by")


class FindingsSerializer(serializers.Serializer[Any]):
    findings = FindingSerializer(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="Pass it as `cursor` to get the next page")


class CloseIncidentSerializer(StrictSerializer):
    note = TextField(max_length=2_000, default="", allow_blank=True, help_text="What the cause was")
