"""Upload files of rows: sent as one part of a form, loaded in the background."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role
from apps.accounts.services.access import get_or_404, key_of, project_of, require_scope
from apps.common.file_forms import FileFormParser
from apps.predictions.api.pushes import IDEMPOTENCY_KEY
from apps.predictions.api.quarantine import SCOPES
from apps.predictions.api.serializers import UploadAnswerSerializer, UploadRequestSerializer, UploadSerializer
from apps.predictions.models import BatchKind, Upload
from apps.predictions.reading.choices import Choices
from apps.predictions.reading.files import bounds
from apps.predictions.services import uploads
from apps.registry.services.finding import find_model


class FileParser(FileFormParser):
    """Reads a form with a file of rows."""

    def check_size(self, size: int) -> None:
        bounds().check_size(size)


class UploadsView(APIView):
    required_scope = tuple(SCOPES.values())
    required_role = Role.ENGINEER
    parser_classes = [FileParser]

    @extend_schema(
        operation_id="upload_rows",
        parameters=[IDEMPOTENCY_KEY],
        request={"multipart/form-data": UploadRequestSerializer},
        responses={202: UploadAnswerSerializer},
    )
    def post(self, request: Request, model: str) -> Response:
        """Upload a file of predictions or outcomes. It is loaded in the background, with the same checks as a push.

        Follow it by the id in the answer. The key needs the scope for pushing this kind of rows.
        """
        monitored = find_model(project_of(request), model)
        sent_form: Any = request.data
        serializer = UploadRequestSerializer(data=dict(sent_form.items()))
        serializer.is_valid(raise_exception=True)
        sent, kind = serializer.validated_data["file"], BatchKind(serializer.validated_data["kind"])
        require_scope(key_of(request), SCOPES[kind])
        status, document = uploads.accept(
            monitored,
            kind,
            sent.file,
            name=sent.name,
            content_type=sent.content_type or "",
            mapping=serializer.validated_data.get("mapping", {}),
            choices=serializer.validated_data.get("choices", Choices()),
            key=request.headers.get("Idempotency-Key"),
            path=request.path,
            by=key_of(request).acts_for,
        )
        return Response(document, status=status)


class UploadView(APIView):
    required_scope = tuple(SCOPES.values())
    required_role = Role.ENGINEER

    @extend_schema(operation_id="get_upload", responses={200: UploadSerializer})
    def get(self, request: Request, upload: int) -> Response:
        """How much of a file is loaded, and its rows by result. Rejected rows are in quarantine."""
        rows = Upload.objects.in_project(project_of(request)).select_related("model")
        uploaded = get_or_404(rows, pk=upload)
        require_scope(key_of(request), SCOPES[BatchKind(uploaded.kind)])
        return Response(answer_of(uploaded))


def answer_of(upload: Upload) -> dict[str, Any]:
    return {
        "id": upload.pk,
        "model": upload.model.slug,
        "kind": upload.kind,
        "form": upload.form,
        "name": upload.name,
        "status": upload.status,
        "progress": upload.progress,
        "bytes": upload.size,
        "bytes_done": round(upload.size * upload.progress),
        "rows": upload.position,
        "accepted": upload.accepted,
        "duplicates": upload.duplicates,
        "parked": upload.parked,
        "rejected": upload.rejected,
        "reasons": upload.reasons,
        "batches": upload.batches,
        "error": upload.error,
        "created_at": upload.created_at.isoformat(),
        "finished_at": upload.finished_at.isoformat() if upload.finished_at else None,
    }
