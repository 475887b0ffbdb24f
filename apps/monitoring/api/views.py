"""The reference of a model, for programs."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import key_of, project_of
from apps.common.api import StreamParser, body_pieces, check_charset
from apps.common.errors import NotFoundError
from apps.common.media_types import ARROW, JSON, NDJSON, PARQUET
from apps.monitoring.api.serializers import ReferenceSerializer
from apps.monitoring.services import references, uploaded
from apps.registry.services.finding import find_model

FORMS: dict[str, Any] = {
    JSON: OpenApiTypes.OBJECT,
    **dict.fromkeys(NDJSON, OpenApiTypes.STR),
    **dict.fromkeys((*PARQUET, *ARROW), OpenApiTypes.BINARY),
}


class ReferenceView(APIView):
    """What days are compared with: the newest reference is in force."""

    required_scope = Scope.REGISTRY_WRITE
    required_role = Role.ENGINEER
    parser_classes = [StreamParser]

    @extend_schema(operation_id="get_reference", responses=ReferenceSerializer)
    def get(self, request: Request, model: str) -> Response:
        found = references.current(find_model(project_of(request), model))
        if found is None:
            raise NotFoundError("This model has no reference yet: its first 30 days become one once they are over.")
        return Response(ReferenceSerializer(found).data)

    @extend_schema(
        operation_id="put_reference",
        parameters=[OpenApiParameter("Content-Encoding", OpenApiTypes.STR, OpenApiParameter.HEADER)],
        request=FORMS,
        responses={201: ReferenceSerializer},
    )
    def put(self, request: Request, model: str) -> Response:
        """Make these rows, such as the training data, the reference. They have the form of pushed predictions.

        A body with a refused row is refused as a whole, with the first 100 of them in `rejected`. Rows are counted
        and not kept.
        """
        content_type = request.content_type or ""
        check_charset(content_type)
        stream: Any = request.data
        made = uploaded.upload(
            find_model(project_of(request), model),
            body_pieces(stream, length=int(request.META.get("CONTENT_LENGTH") or 0)),
            content_type=content_type,
            encoding=request.headers.get("Content-Encoding", "").strip().lower(),
            by=key_of(request).acts_for,
            key=key_of(request),
        )
        return Response(ReferenceSerializer(made).data, status=201)
