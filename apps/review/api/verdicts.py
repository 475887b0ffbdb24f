"""The verdict on a held prediction, for the system that waits for it."""

import time
from threading import BoundedSemaphore
from typing import Any

from django.db import connection
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import key_of, project_of
from apps.common.api import StrictSerializer
from apps.predictions.models import Hold, Prediction
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model
from apps.review.api.finding_serializers import KnownField
from apps.review.services import finding, verdicts

LONGEST_WAIT = 20
LOOK_SECONDS = 0.25
WAITING = "waiting"
# Calls that wait hold a thread each. The others of the process stay free; who finds no place is answered at once.
_places = BoundedSemaphore(2)


class VerdictQuerySerializer(StrictSerializer):
    wait = serializers.FloatField(
        min_value=0,
        max_value=LONGEST_WAIT,
        default=0,
        help_text="Seconds to wait for it. Where too many wait already, the answer comes at once: ask again",
    )


class VerdictSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    status = serializers.ChoiceField(
        choices=[WAITING, *Hold.Source.values],
        help_text="waiting: nobody has settled it yet; human: people have, in time; default: the time was over, or"
        " nobody is asked",
    )
    verdict = KnownField(help_text="null while it is waiting; from then on the same for all who ask")
    until = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)


class VerdictView(APIView):
    """The answer to a decision that waits for people."""

    required_scope = (Scope.PREDICTIONS_WRITE, Scope.PREDICTIONS_READ)
    required_role = Role.ENGINEER

    @extend_schema(operation_id="get_verdict", parameters=[VerdictQuerySerializer], responses={200: VerdictSerializer})
    def get(self, request: Request, model: str, prediction: str) -> Response:
        """What people say of a prediction sent with `hold_until`, or its default when the time is over: never both."""
        monitored = find_model(project_of(request), model)
        query = VerdictQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        found = finding.find(monitored, prediction, reader=key_of(request).acts_for)
        return Response(_document(monitored, found, _waited(found, seconds=query.validated_data["wait"])))


def _waited(prediction: Prediction, *, seconds: float) -> Hold:
    until = time.monotonic() + seconds
    hold = verdicts.verdict(prediction)
    if hold.is_answered or not seconds or not _places.acquire(blocking=False):
        return hold
    try:
        while time.monotonic() < until:
            if not connection.in_atomic_block:
                # Others may use the connection meanwhile.
                connection.close()
            time.sleep(LOOK_SECONDS)
            hold = verdicts.verdict(prediction)
            if hold.is_answered:
                break
    finally:
        _places.release()
    return hold


def _document(model: MonitoredModel, prediction: Prediction, hold: Hold) -> dict[str, Any]:
    return {
        "id": prediction.external_id,
        "status": hold.source or WAITING,
        "verdict": None if hold.answer is None else model.decode(hold.answer),
        "until": hold.until.isoformat(),
        "answered_at": hold.answered_at.isoformat() if hold.answered_at else None,
    }
