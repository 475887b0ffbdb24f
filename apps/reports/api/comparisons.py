"""Request comparisons of two windows or versions, and read them."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import get_or_404, key_of, project_of
from apps.common.api import StrictSerializer
from apps.common.fields import TextField
from apps.registry.services.finding import find_model
from apps.reports.api.serializers import JobAnswerSerializer
from apps.reports.models import Comparison, ComparisonJob, Kind
from apps.reports.services import moves
from apps.reports.services.comparisons import Side, request_comparison, sides_of
from apps.reports.services.visible_comparison import visible_comparison

EXAMPLE = {
    "kind": "performance",
    "first": {"start": "2026-08-01", "end": "2026-09-01"},
    "second": {"start": "2026-09-01", "end": "2026-10-01"},
}


class SideSerializer(StrictSerializer):
    start = serializers.DateField(help_text="First day, in the project's time zone")
    end = serializers.DateField(help_text="The day after the last one")
    version = TextField(
        max_length=200, required=False, allow_null=True, default=None, help_text="Of the model; default: all versions"
    )
    value_model = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        help_text="Version of the prices; default: the newest",
    )


@extend_schema_serializer(examples=[OpenApiExample("September against August", value=EXAMPLE, request_only=True)])
class ComparisonRequestSerializer(StrictSerializer):
    kind = serializers.ChoiceField(choices=Kind.choices)
    first = SideSerializer()
    second = SideSerializer()


class ComparisonAnswerSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=["queued", "running", "done", "failed"])
    progress = serializers.FloatField()
    step = serializers.CharField()
    error = serializers.CharField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    first = serializers.JSONField(help_text="The side as asked for; once done, with the days and figures compared")
    second = serializers.JSONField()
    as_of = serializers.DateTimeField(allow_null=True)
    seq = serializers.IntegerField(allow_null=True)
    headline = serializers.CharField(help_text="What the figure was, by how much it moved, and what changed more")
    metric = serializers.CharField(help_text="The figure that is explained")
    differences = serializers.JSONField(
        help_text="Second less first by metric, with the 95 % range; labels that both sides share are allowed for"
    )
    why = serializers.JSONField(
        allow_null=True,
        help_text="Parts that add up to the difference: `volume`, `mix` of cases, `right` (the model at the same mix), "
        "`value_model` (prices). `low` and `high`: what open labels leave; `chance_low` and `chance_high`: with what "
        "chance alone moves. `cause`: the groups of cases behind the mix, and the days on which they came",
    )
    code = serializers.CharField(allow_null=True, help_text="Why nothing is explained")


class ComparisonRequestsView(APIView):
    required_scope = Scope.REPORTS_WRITE
    required_role = Role.STAKEHOLDER

    @extend_schema(
        operation_id="request_comparison", request=ComparisonRequestSerializer, responses={202: JobAnswerSerializer}
    )
    def post(self, request: Request, model: str) -> Response:
        """Compare two windows, or two versions. A worker does it; read it under the id in the answer."""
        monitored = find_model(project_of(request), model)
        body = ComparisonRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        sides = (Side(**asked["first"]), Side(**asked["second"]))
        made = request_comparison(monitored, asked["kind"], *sides)
        job = made.jobs.latest("id") if isinstance(made, Comparison) else made
        return Response({"id": job.pk}, status=202)


class ComparisonView(APIView):
    required_scope = Scope.REPORTS_READ
    required_role = Role.STAKEHOLDER

    @extend_schema(operation_id="read_comparison", responses={200: ComparisonAnswerSerializer})
    def get(self, request: Request, comparing: int) -> Response:
        """Return the progress of a comparison; once it is done, the differences and what explains the main one."""
        jobs = ComparisonJob.objects.in_project(project_of(request))
        jobs = jobs.select_related("comparison__model", "first_version", "second_version")
        return Response(answer_of(get_or_404(jobs, pk=comparing), role=key_of(request).reads_as))


def answer_of(job: ComparisonJob, *, role: Role) -> dict[str, Any]:
    done = visible_comparison(job.comparison, role=role) if job.comparison else None
    document: Any = done.document if done else {}
    first, second = document.get("sides") or [_asked(side) for side in sides_of(job)]
    return {
        "id": job.pk,
        "status": job.status,
        "progress": job.progress,
        "step": job.step,
        "error": job.error,
        "kind": job.kind,
        "first": first,
        "second": second,
        "as_of": done.as_of.isoformat() if done else None,
        "seq": done.seq if done else None,
        "headline": moves.headline(document) if done else "",
        "metric": document.get("metric", ""),
        "differences": document.get("differences", {}),
        "why": document.get("why"),
        "code": document.get("code"),
    }


def _asked(side: Side) -> dict[str, Any]:
    return {
        "start": side.start.isoformat(),
        "end": side.end.isoformat(),
        "version": side.version,
        "value_model": side.value_model,
    }
