"""Push predictions and outcomes."""

from functools import partial
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services import quotas
from apps.accounts.services.access import key_of, project_of
from apps.common.api import StreamParser, body_pieces, check_charset
from apps.common.media_types import ARROW, JSON, NDJSON, PARQUET
from apps.predictions.api.serializers import (
    ActionsSerializer,
    BatchesSerializer,
    OutcomesAnswerSerializer,
    OutcomesSerializer,
    PredictionsAnswerSerializer,
    PredictionsSerializer,
    PushQuerySerializer,
)
from apps.predictions.models import Batch, BatchKind, BatchStage, Stage
from apps.predictions.reading.bodies import UNFOLDINGS, Body, of_a_push
from apps.predictions.services import pushing
from apps.registry.services.finding import find_model

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "maxLength": pushing.MAX_KEY},
    OpenApiParameter.HEADER,
    description="The same body with the same key gets the first answer again",
)
PARAMETERS: list[Any] = [
    PushQuerySerializer,
    IDEMPOTENCY_KEY,
    OpenApiParameter("Content-Encoding", OpenApiTypes.STR, OpenApiParameter.HEADER, enum=sorted(UNFOLDINGS)),
]
OTHER_FORMS: dict[str, Any] = {
    **dict.fromkeys(NDJSON, OpenApiTypes.STR),
    **dict.fromkeys((*PARQUET, *ARROW), OpenApiTypes.BINARY),
}


class PushView(APIView):
    """Takes a body of rows for one model."""

    required_role = Role.ENGINEER
    parser_classes = [StreamParser]
    kind: ClassVar[BatchKind]

    def push(self, request: Request, model: str) -> Response:
        monitored = find_model(project_of(request), model)
        query = PushQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        with _body(request) as body:
            status, document = pushing.push(
                self.kind,
                monitored,
                body,
                is_atomic=query.validated_data["atomic"],
                key=request.headers.get("Idempotency-Key"),
                path=request.path,
                admit=partial(quotas.take_rows, key_of(request)),
                told=key_of(request).acts_for,
            )
        return Response(document, status=status)


def _body(request: Request) -> Body:
    content_type = request.content_type or ""
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    of_a_push(content_type).check_size(length)
    check_charset(content_type)
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    stream: Any = request.data
    return Body.receive(body_pieces(stream, length=length), content_type=content_type, encoding=encoding)


class PredictionsView(PushView):
    required_scope = Scope.PREDICTIONS_WRITE
    kind = BatchKind.PREDICTIONS

    @extend_schema(
        operation_id="push_predictions",
        parameters=PARAMETERS,
        request={JSON: PredictionsSerializer, **OTHER_FORMS},
        responses={
            200: PredictionsAnswerSerializer,
            207: PredictionsAnswerSerializer,
            422: PredictionsAnswerSerializer,
        },
    )
    def post(self, request: Request, model: str) -> Response:
        """Push predictions. Good rows are stored before the answer; `rejected` lists the others with their reason.

        A JSON body has at most `json_bytes` (see `get_limits`); send more rows as NDJSON or Parquet.
        """
        return self.push(request, model)


class OutcomesView(PushView):
    required_scope = Scope.OUTCOMES_WRITE
    kind = BatchKind.OUTCOMES

    @extend_schema(
        operation_id="push_outcomes",
        parameters=PARAMETERS,
        request={JSON: OutcomesSerializer, **OTHER_FORMS},
        responses={200: OutcomesAnswerSerializer, 207: OutcomesAnswerSerializer, 422: OutcomesAnswerSerializer},
    )
    def post(self, request: Request, model: str) -> Response:
        """Push outcomes, before their prediction (`parked`) or after it; again, or corrected.

        Of several outcomes for one id the one with the latest `occurred_at` counts; of equal ones, the one received
        last. The same id, outcome and `occurred_at` is a duplicate whenever it is sent.
        """
        return self.push(request, model)


class ActionsView(PushView):
    required_scope = Scope.OUTCOMES_WRITE
    kind = BatchKind.ACTIONS

    @extend_schema(
        operation_id="push_actions",
        parameters=PARAMETERS,
        request={JSON: ActionsSerializer, **OTHER_FORMS},
        responses={
            200: PredictionsAnswerSerializer,
            207: PredictionsAnswerSerializer,
            422: PredictionsAnswerSerializer,
        },
    )
    def post(self, request: Request, model: str) -> Response:
        """Push what was really done about predictions, by whom, before or after the prediction itself.

        Of several actions for one id the one taken last counts. The same row again is a duplicate.
        """
        return self.push(request, model)


class BatchesView(APIView):
    """How far pushes have been processed: stages work after the answer, so a client that must wait can ask."""

    required_scope = Scope.PREDICTIONS_WRITE
    required_role = Role.ENGINEER

    @extend_schema(operation_id="get_batches", responses=BatchesSerializer)
    def get(self, request: Request, model: str) -> Response:
        monitored = find_model(project_of(request), model)
        due = BatchStage.objects.filter(batch__model=monitored).due_by_stage()
        return Response(
            {
                "batches": Batch.objects.filter(model=monitored).count(),
                "due": {str(stage): due.get(stage, 0) for stage in Stage},
            }
        )
