"""Find predictions: one by its id, or many by what is known of them."""

from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import key_of, project_of
from apps.common.errors import DomainError
from apps.common.exports import FORMATS, STREAMED, responses, streamed
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model
from apps.review.api.finding_serializers import (
    PredictionsFoundSerializer,
    PredictionShownSerializer,
    PredictionsQuerySerializer,
)
from apps.review.services import by_features, finding, found_documents
from apps.review.services.finding import Wanted


class PredictionsFoundView(APIView):
    """Predictions of a model, for engineers."""

    required_scope = Scope.PREDICTIONS_READ
    required_role = Role.ENGINEER
    renderer_classes = [JSONRenderer, *STREAMED]

    @extend_schema(
        operation_id="list_predictions",
        parameters=[PredictionsQuerySerializer],
        responses=responses(PredictionsFoundSerializer),
    )
    def get(self, request: Request, model: str) -> HttpResponseBase:
        """Predictions, newest first, with what has become of them; all conditions must hold.

        A person who reads them cannot judge them blind any more, and does not get those that they have yet to judge.
        """
        monitored = find_model(project_of(request), model)
        serializer = PredictionsQuerySerializer(data=request.query_params.dict())
        serializer.is_valid(raise_exception=True)
        query, form, reader = serializer.validated_data, request.accepted_renderer, key_of(request).acts_for
        wanted = _wanted(query, monitored)
        rows = finding.select(monitored, wanted, reader=reader)
        if form.format in FORMATS:
            filters = {"predictions": form.format}
            chunks = finding.every(monitored, rows, reader=reader, filters=filters, where=wanted.where)
            described = (found_documents.rows(monitored, chunk) for chunk in chunks)
            kinds = found_documents.kinds(monitored)
            return streamed(described, kinds, renderer=form, name=f"{monitored.slug}-predictions")
        after, limit = query.get("cursor"), query["limit"]
        page, following = finding.page(rows, after=after, limit=limit, reader=reader, where=wanted.where)
        return Response({"predictions": found_documents.rows(monitored, page), "next": following})


class PredictionFoundView(APIView):
    """One prediction, for engineers."""

    required_scope = Scope.PREDICTIONS_READ
    required_role = Role.ENGINEER

    @extend_schema(operation_id="get_prediction", responses={200: PredictionShownSerializer})
    def get(self, request: Request, model: str, prediction: str) -> Response:
        """All that is known of one prediction: what was sent with it, its draw, its review and its outcomes."""
        monitored = find_model(project_of(request), model)
        found = finding.find(monitored, prediction, reader=key_of(request).acts_for)
        return Response(found_documents.document(monitored, found_documents.look_up(monitored, found)))


def _wanted(query: dict[str, Any], model: MonitoredModel) -> Wanted:
    fields = {name: query.get(name) for name in Wanted.__dataclass_fields__}
    for name in ("prediction", "outcome", "truth"):
        text = query.get(name)
        fields[name] = None if text is None else _value(model, text, field=name)
    if "slice" in query:
        name, separator, value = query["slice"].partition(":")
        if not separator:
            raise DomainError("Name a slice and its value, such as `age_band:40–59`.", code="invalid", field="slice")
        fields["slice"] = (name, value)
    if (where := query.get("where")) is not None and (problem := by_features.problem(where, model=model)):
        raise DomainError(problem, code="invalid", field="where")
    return Wanted(**fields)


def _value(model: MonitoredModel, text: str, *, field: str) -> str | float:
    """Read a class, or the number of a regression."""
    try:
        value = float(text) if model.is_regression else text
        model.encode(value)
    except ValueError as error:
        raise DomainError(f"{field}: {error}.", code="invalid", field=field) from error
    return value
