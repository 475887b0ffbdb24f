"""Request reports, list those stored, and read them."""

from datetime import date
from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import get_or_404, key_of, project_of
from apps.common.exports import FORMATS, STREAMED, responses, streamed
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model
from apps.reports import services
from apps.reports.api.serializers import (
    FiguresQuerySerializer,
    FiguresSerializer,
    JobAnswerSerializer,
    ReportAnswerSerializer,
    ReportRequestSerializer,
    StoredReportsQuerySerializer,
    StoredReportsSerializer,
)
from apps.reports.models import ReportJob
from apps.reports.services.figure_rows import COLUMNS, figure_rows
from apps.reports.services.visible import visible
from apps.reports.services.windows import days_of, stored_reports, today_of


class ReportRequestsView(APIView):
    required_scope = {"GET": Scope.REPORTS_READ, "POST": Scope.REPORTS_WRITE}
    required_role = {"GET": Role.STAKEHOLDER, "POST": Role.ENGINEER}

    @extend_schema(
        operation_id="list_reports", parameters=[StoredReportsQuerySerializer], responses=StoredReportsSerializer
    )
    def get(self, request: Request, model: str) -> Response:
        """List the stored reports of a model, the newest first, without their figures."""
        monitored = find_model(project_of(request), model)
        query = StoredReportsQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        rows, following = stored_reports(
            monitored,
            kind=asked.get("kind"),
            days=_days(monitored, asked) if "window" in asked else None,
            before=asked.get("cursor"),
            limit=asked["limit"],
        )
        return Response(StoredReportsSerializer({"reports": rows, "next": following}).data)

    @extend_schema(operation_id="request_report", request=ReportRequestSerializer, responses={202: JobAnswerSerializer})
    def post(self, request: Request, model: str) -> Response:
        """Request a report on days or on a standing window. A worker makes it; read it under the id in the answer."""
        monitored = find_model(project_of(request), model)
        body = ReportRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asked = dict(body.validated_data)
        start, end = _days(monitored, asked)
        rest = {name: value for name, value in asked.items() if name not in {"window", "start", "end"}}
        job = services.request_report(monitored, start=start, end=end, **rest)
        return Response({"id": job.pk}, status=202)


def _days(model: MonitoredModel, asked: dict[str, Any]) -> tuple[date, date]:
    if "window" in asked:
        return days_of(model, asked["window"], today=today_of(model))
    return asked["start"], asked["end"]


class ReportView(APIView):
    required_scope = Scope.REPORTS_READ
    required_role = Role.STAKEHOLDER

    @extend_schema(operation_id="read_report", responses={200: ReportAnswerSerializer})
    def get(self, request: Request, pk: int) -> Response:
        """Return the progress of a report; once it is done, its results, the whole window first."""
        jobs = ReportJob.objects.in_project(project_of(request)).select_related("report__model", "version")
        return Response(answer_of(get_or_404(jobs, pk=pk), role=key_of(request).reads_as))


class FiguresView(APIView):
    required_scope = Scope.REPORTS_READ
    required_role = Role.STAKEHOLDER
    renderer_classes = [JSONRenderer, *STREAMED]

    @extend_schema(
        operation_id="read_figures", parameters=[FiguresQuerySerializer], responses=responses(FiguresSerializer)
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """Return the figures of a finished report as rows: in JSON, NDJSON, CSV or Parquet. Without a report, none."""
        FiguresQuerySerializer(data=request.query_params.dict()).is_valid(raise_exception=True)
        jobs = ReportJob.objects.in_project(project_of(request)).select_related("report__model")
        job = get_or_404(jobs, pk=pk)
        report = visible(job.report, role=key_of(request).reads_as) if job.report else None
        rows = list(figure_rows(report.document["results"] if report else []))
        form = request.accepted_renderer
        if form.format in FORMATS:
            return streamed([rows], COLUMNS, renderer=form, name=f"report-{job.pk}-figures")
        return Response({"status": job.status, "figures": rows})


def answer_of(job: ReportJob, *, role: Role) -> dict[str, Any]:
    report = visible(job.report, role=role) if job.report else None
    document = report.document if report else {}
    as_of = report.as_of if report else job.as_of
    return {
        "id": job.pk,
        "status": job.status,
        "progress": job.progress,
        "step": job.step,
        "error": job.error,
        "kind": job.kind,
        "start": job.start.isoformat(),
        "end": job.end.isoformat(),
        "version": job.version.name if job.version else None,
        "report": job.report_id,
        "as_of": as_of.isoformat() if as_of else None,
        "seq": report.seq if report else None,
        "results": document.get("results", []),
        "caveats": document.get("caveats", []),
        "restatements": document.get("restatements", []),
    }
