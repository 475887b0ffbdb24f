"""Request reports, and read them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import get_or_404, key_of, project_of
from apps.registry.services.finding import find_model
from apps.reports import services
from apps.reports.api.serializers import JobAnswerSerializer, ReportAnswerSerializer, ReportRequestSerializer
from apps.reports.models import ReportJob
from apps.reports.services.visible import visible


class ReportRequestsView(APIView):
    required_scope = Scope.REPORTS_WRITE
    required_role = Role.ENGINEER

    @extend_schema(operation_id="request_report", request=ReportRequestSerializer, responses={202: JobAnswerSerializer})
    def post(self, request: Request, model: str) -> Response:
        """Request a report. A worker makes it; read it under the id in the answer."""
        monitored = find_model(project_of(request), model)
        body = ReportRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        job = services.request_report(monitored, **body.validated_data)
        return Response({"id": job.pk}, status=202)


class ReportView(APIView):
    required_scope = Scope.REPORTS_READ
    required_role = Role.STAKEHOLDER

    @extend_schema(operation_id="read_report", responses={200: ReportAnswerSerializer})
    def get(self, request: Request, pk: int) -> Response:
        """Return the progress of a report; once it is done, its results, the whole window first."""
        jobs = ReportJob.objects.in_project(project_of(request)).select_related("report__model", "version")
        return Response(answer_of(get_or_404(jobs, pk=pk), role=key_of(request).reads_as))


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
