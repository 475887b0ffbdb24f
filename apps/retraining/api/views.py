"""Training sets and model cards for programs."""

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import key_of, project_of
from apps.common.exports import FORMATS, STREAMED, responses, streamed
from apps.registry.services.finding import find_model
from apps.retraining.api.serializers import ModelCardSerializer, TrainingSetAnswerSerializer, TrainingSetQuerySerializer
from apps.retraining.services import card, training_set


class TrainingSetView(APIView):
    """Labels with their features, for engineers."""

    required_scope = Scope.LABELS_READ
    required_role = Role.ENGINEER
    renderer_classes = [JSONRenderer, *STREAMED]

    @extend_schema(
        operation_id="get_training_set",
        parameters=[TrainingSetQuerySerializer],
        responses=responses(TrainingSetAnswerSerializer),
    )
    def get(self, request: Request, model: str) -> HttpResponseBase:
        """Labels with features, weight and a split by subject, as of `seq` (default: the newest).

        The labels are those that figures count: outcomes of closed days, blind reviews of open ones. Train with
        `weight`. Rows of one subject have one split. To read on, pass `next` as `cursor` with the same `seq`. NDJSON,
        CSV and Parquet return everything in one stream, with a column `features.<name>` for each declared feature. A
        person who reads them cannot judge these cases blind any more.
        """
        monitored = find_model(project_of(request), model)
        serializer = TrainingSetQuerySerializer(data=request.query_params.dict())
        serializer.is_valid(raise_exception=True)
        query, form, key = serializer.validated_data, request.accepted_renderer, key_of(request)
        wanted = training_set.Wanted.of(monitored, seq=query.get("seq"), test_share=query["test_share"])
        if form.format in FORMATS:
            training_set.note(monitored, wanted, by=key.acts_for, key=key, form=form.format)
            return streamed(
                training_set.chunks(monitored, wanted),
                training_set.kinds(monitored),
                renderer=form,
                name=f"{monitored.slug}-training-{wanted.seq}",
                is_raw=query["raw"],
                is_marked=query["mark"],
            )
        wanted = training_set.beginning_at(wanted, query["cursor"])
        rows, following = training_set.page(monitored, wanted, limit=query["limit"])
        training_set.note(monitored, wanted, by=key.acts_for, key=key, form=form.format, up_to=following)
        return Response({"seq": wanted.seq, "rows": rows, "next": following})


class ModelCardView(APIView):
    """What is known about a model."""

    required_scope = Scope.REPORTS_READ
    required_role = Role.STAKEHOLDER

    @extend_schema(operation_id="get_model_card", responses={200: ModelCardSerializer})
    def get(self, request: Request, model: str) -> Response:
        """The model card: task, versions, figures with their ranges, weak spots, drift, reviews and limits.

        All figures are those of stored reports, each with its `source`; nothing is computed anew. What the role may not
        see of a report is not in the card either.
        """
        monitored = find_model(project_of(request), model)
        return Response(card.card_of(monitored, role=key_of(request).reads_as, now=timezone.now()))
