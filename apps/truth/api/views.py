"""Reading resolved labels."""

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import project_of, require_role
from apps.common.api import LinesRenderer, StreamedRenderer
from apps.common.media_types import PARQUET
from apps.registry.services.finding import find_model
from apps.truth.api.exports import EXPORTS
from apps.truth.api.serializers import LabelsAnswerSerializer, LabelsQuerySerializer
from apps.truth.models import Resolution
from apps.truth.services import labels


class CsvRenderer(StreamedRenderer):
    media_type = "text/csv"
    format = "csv"


class ParquetRenderer(StreamedRenderer):
    media_type = PARQUET[0]
    format = "parquet"
    charset = None


class LabelsView(APIView):
    """Single cases with what is true of them: for engineers."""

    required_scope = Scope.LABELS_READ
    renderer_classes = [JSONRenderer, LinesRenderer, CsvRenderer, ParquetRenderer]

    @extend_schema(
        operation_id="list_labels",
        parameters=[LabelsQuerySerializer],
        responses={
            (200, "application/json"): LabelsAnswerSerializer,
            (200, LinesRenderer.media_type): OpenApiTypes.STR,
            (200, CsvRenderer.media_type): OpenApiTypes.STR,
            (200, ParquetRenderer.media_type): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request, model: str) -> HttpResponseBase:
        """What is believed true as of `seq` (default: now); pass `next` as `cursor` with the same `seq`.

        As NDJSON, CSV or Parquet all of it at once. A case that was not drawn has no probability and no weight.
        """
        require_role(request, Role.ENGINEER)
        found = find_model(project_of(request), model)
        query = LabelsQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        seq = asked["seq"] if "seq" in asked else Resolution.objects.filter(model=found).last_seq()
        form = request.accepted_renderer
        if form.format in EXPORTS:
            pieces = EXPORTS[form.format](found, seq=seq, after=asked["cursor"])
            name = f"{found.slug}-labels-{seq}.{form.format}"
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return StreamingHttpResponse(pieces, content_type=form.media_type, headers=headers)
        rows, following = labels.page(found, seq=seq, after=asked["cursor"], limit=asked["limit"])
        return Response({"seq": seq, "labels": rows, "next": following})
