"""Rejected rows for engineers: list, download, try again."""

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import key_of, project_of, require_scope
from apps.common.api import LinesRenderer, wants_lines
from apps.predictions.api.serializers import (
    QuarantineQuerySerializer,
    QuarantineSerializer,
    ReplayAnswerSerializer,
    ReplaySerializer,
)
from apps.predictions.models import BatchKind, RejectedRow
from apps.predictions.services import quarantine, replaying
from apps.registry.services.finding import find_model

SCOPES = {
    BatchKind.PREDICTIONS: Scope.PREDICTIONS_WRITE,
    BatchKind.OUTCOMES: Scope.OUTCOMES_WRITE,
    BatchKind.ACTIONS: Scope.OUTCOMES_WRITE,
}


class QuarantineView(APIView):
    """Lists raw rows. They are whole cases, so a key that may only push cannot read them."""

    required_scope = Scope.REGISTRY_WRITE
    required_role = Role.ENGINEER
    renderer_classes = [JSONRenderer, LinesRenderer]

    @extend_schema(
        operation_id="list_quarantine",
        parameters=[QuarantineQuerySerializer],
        responses={
            (200, "application/json"): QuarantineSerializer,
            (200, LinesRenderer.media_type): OpenApiTypes.STR,
        },
    )
    def get(self, request: Request, model: str) -> HttpResponseBase:
        """List rejected rows, newest first; pass `next` as `cursor`. NDJSON gives all rows at once, as sent."""
        monitored = find_model(project_of(request), model)
        query = QuarantineQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        filters = query.validated_data
        state = filters["state"]
        chosen = quarantine.chosen(monitored, code=filters.get("code", ""), kind=filters.get("kind", ""), state=state)
        if wants_lines(request):
            return StreamingHttpResponse(quarantine.lines(chosen), content_type=LinesRenderer.media_type)
        rows, following = quarantine.page(chosen, before=filters.get("cursor"), limit=filters["limit"])
        return Response(
            {
                "rows": [quarantine.shown(row) for row in rows],
                "next": following,
                "counts": quarantine.chosen(monitored, state=state).counts_by_code(),
                "left_out": RejectedRow.objects.filter(model=monitored).left_out(),
            }
        )


class ReplayView(APIView):
    required_scope = Scope.PREDICTIONS_WRITE
    required_role = Role.ENGINEER

    @extend_schema(
        operation_id="replay_quarantine",
        request=ReplaySerializer,
        responses={200: ReplayAnswerSerializer, 207: ReplayAnswerSerializer},
    )
    def post(self, request: Request, model: str) -> Response:
        """Try waiting rows again, all or by code, kind or number; rows that are still rejected go on waiting.

        Outcomes are included if the key also has the scope outcomes:write.
        """
        monitored = find_model(project_of(request), model)
        serializer = ReplaySerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        choice = dict(serializer.validated_data)
        result = replaying.replay(
            monitored, kinds=_kinds(request, choice.pop("kind", None)), told=key_of(request).acts_for, **choice
        )
        return Response(result.document, status=result.status)


def _kinds(request: Request, wanted: str | None) -> list[BatchKind]:
    """The kinds to try: the requested one, or all that the key may push."""
    scopes = key_of(request).scopes
    allowed = [kind for kind, scope in SCOPES.items() if scope in scopes]
    if wanted is None:
        return allowed
    kind = BatchKind(wanted)
    require_scope(key_of(request), SCOPES[kind])
    return [kind]
