"""Resolved labels, in pages or as one file."""

from functools import partial

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import key_of, project_of
from apps.common.exports import FORMATS, STREAMED, responses, streamed
from apps.registry.services.finding import find_model
from apps.truth.api.exports import kinds
from apps.truth.api.serializers import LabelsAnswerSerializer, LabelsQuerySerializer
from apps.truth.models import Resolution
from apps.truth.services import labels


class LabelsView(APIView):
    """Predictions with their labels, for engineers."""

    required_scope = Scope.LABELS_READ
    required_role = Role.ENGINEER
    renderer_classes = [JSONRenderer, *STREAMED]

    @extend_schema(
        operation_id="list_labels",
        parameters=[LabelsQuerySerializer],
        responses=responses(LabelsAnswerSerializer),
    )
    def get(self, request: Request, model: str) -> HttpResponseBase:
        """Labels as of `seq` (default: the newest). To read on, pass `next` as `cursor` with the same `seq`.

        NDJSON, CSV and Parquet return everything in one stream. A prediction that was not drawn has no inclusion
        probability and no weight. In CSV, an apostrophe stands before texts that a spreadsheet would run as a formula;
        an upload of the file takes it away, and `raw=true` leaves it out.
        """
        monitored = find_model(project_of(request), model)
        serializer = LabelsQuerySerializer(data=request.query_params.dict())
        serializer.is_valid(raise_exception=True)
        query = serializer.validated_data
        known = Resolution.objects.filter(model=monitored).last_seq()
        # Later numbers may still come while a stream is read.
        seq, after, form = min(query.get("seq", known), known), query["cursor"], request.accepted_renderer
        note_read = partial(
            labels.note_read, monitored, key_of(request).acts_for, seq=seq, after=after, form=form.format
        )
        if form.format in FORMATS:
            note_read(up_to=None)
            return streamed(
                labels.label_chunks(monitored, seq=seq, after=after),
                kinds(monitored),
                renderer=form,
                name=f"{monitored.slug}-labels-{seq}",
                is_raw=query["raw"],
                is_marked=query["mark"],
            )
        rows, following = labels.label_page(monitored, seq=seq, after=after, limit=query["limit"])
        note_read(up_to=following)
        return Response({"seq": seq, "labels": rows, "next": following})
