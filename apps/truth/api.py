"""Reading resolved labels."""

import json
from collections.abc import Iterator

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.access import get_or_404, project_of
from apps.accounts.models import Scope
from apps.common.api import LinesRenderer, wants_lines
from apps.registry.models import MonitoredModel
from apps.truth import labels
from apps.truth.models import Resolution
from apps.truth.serializers import LabelsAnswerSerializer, LabelsQuerySerializer


class LabelsView(APIView):
    required_scope = Scope.LABELS_READ
    renderer_classes = [JSONRenderer, LinesRenderer]

    @extend_schema(
        operation_id="list_labels",
        parameters=[LabelsQuerySerializer],
        responses={200: LabelsAnswerSerializer},
    )
    def get(self, request: Request, model: str) -> HttpResponseBase:
        """What is believed true as of `seq` (default: now); pass `next` as `cursor` with the same `seq`."""
        found = get_or_404(MonitoredModel.objects.in_project(project_of(request)).select_related("project"), slug=model)
        query = LabelsQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        seq = asked["seq"] if "seq" in asked else Resolution.objects.filter(model=found).last_seq()
        if wants_lines(request):
            return StreamingHttpResponse(_lines(found, seq), content_type=LinesRenderer.media_type)
        rows, following = labels.page(found, seq=seq, after=asked["cursor"], limit=asked["limit"])
        return Response({"seq": seq, "labels": rows, "next": following})


def _lines(model: MonitoredModel, seq: int) -> Iterator[str]:
    for label in labels.stream(model, seq=seq):
        yield json.dumps(label) + "\n"
