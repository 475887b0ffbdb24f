"""The evidence of a report as a file, by the id of its request or by the number in the address of its page."""

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import get_or_404, project_of
from apps.common.api import ProblemSerializer
from apps.common.errors import ConflictError
from apps.common.exports import ZipRenderer
from apps.reports import services
from apps.reports.api.serializers import EvidenceStatusSerializer
from apps.reports.models import Report, ReportJob

NO_EVIDENCE = "The report is not finished, or rests on settings or cases that are no longer as they were."
ANSWERS = {
    (200, ZipRenderer.media_type): OpenApiTypes.BINARY,
    (202, JSONRenderer.media_type): EvidenceStatusSerializer,
    (409, JSONRenderer.media_type): OpenApiResponse(ProblemSerializer, description=NO_EVIDENCE),
}


class _EvidenceView(APIView):
    required_scope = Scope.LABELS_READ
    required_role = Role.ENGINEER
    renderer_classes = [ZipRenderer, JSONRenderer]

    def answer(self, request: Request, report: Report) -> HttpResponseBase:
        file = services.ask_for_evidence(report)
        if file.status == "done":
            headers = {"Content-Disposition": f'attachment; filename="report-{report.pk}-evidence.zip"'}
            return StreamingHttpResponse(services.pieces_of(file), content_type=ZipRenderer.media_type, headers=headers)
        request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
        return Response({"status": file.status}, status=202)


class EvidenceView(_EvidenceView):
    """The evidence of a report, by the id of its request."""

    @extend_schema(operation_id="read_evidence", responses=ANSWERS)
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """Return all that the figures of a finished report rest on, as a zip archive. 202: a worker still writes it."""
        jobs = ReportJob.objects.in_project(project_of(request)).select_related("report__model")
        job = get_or_404(jobs, pk=pk)
        if job.report is None:
            raise ConflictError("This report is not finished.")
        return self.answer(request, job.report)


class StoredEvidenceView(_EvidenceView):
    """The evidence of a report, by the number in the address of its page."""

    @extend_schema(operation_id="read_stored_evidence", responses=ANSWERS)
    def get(self, request: Request, report: int) -> HttpResponseBase:
        """Return the same archive, for whoever has the address of the report's page."""
        reports = Report.objects.in_project(project_of(request)).select_related("model")
        return self.answer(request, get_or_404(reports, pk=report))
