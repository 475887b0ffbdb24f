"""The limits of an installation, for clients that fit their batches to them."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.common.api import MAX_DOCUMENT_BYTES
from apps.predictions.api.serializers import LimitsSerializer
from apps.predictions.reading.decoding import MAX_ROW_BYTES
from apps.predictions.reading.rows import MAX_FEATURES


def limits() -> dict[str, Any]:
    """The limits by the names that a refusal gives them; null means no limit."""
    return {
        "body_bytes": settings.MAX_BODY_BYTES,
        "json_bytes": min(settings.MAX_JSON_BYTES, settings.MAX_BODY_BYTES),
        "upload_bytes": settings.MAX_UPLOAD_BYTES,
        "document_bytes": MAX_DOCUMENT_BYTES,
        "rows_per_batch": settings.MAX_BATCH_ROWS,
        "bytes_per_row": MAX_ROW_BYTES,
        "features_per_row": MAX_FEATURES,
        "requests_per_minute": settings.REQUESTS_PER_MINUTE or None,
        "rows_per_minute": settings.ROWS_PER_MINUTE or None,
    }


class LimitsView(APIView):
    required_scope = tuple(Scope)
    required_role = Role.STAKEHOLDER

    @extend_schema(operation_id="get_limits", responses=LimitsSerializer)
    def get(self, request: Request) -> Response:  # noqa: ARG002  # every view takes the request
        """The limits of this installation. A refusal (413, 429) names the limit and its value in `details`."""
        return Response(limits())
