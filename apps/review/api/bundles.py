"""The debug bundle of a prediction, by its id or by the key in the address of its page."""

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import get_or_404, key_of, project_of
from apps.common.api import ProblemSerializer
from apps.common.exports import ZipRenderer
from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model
from apps.review.services import bundling, finding

NOT_NOW = "There is no model file that reproduces stored scores, the features are not kept, or a review comes first."
ANSWERS = {
    (200, ZipRenderer.media_type): OpenApiTypes.BINARY,
    (409, JSONRenderer.media_type): OpenApiResponse(ProblemSerializer, description=NOT_NOW),
}


class _BundleView(APIView):
    required_scope = Scope.PREDICTIONS_READ
    required_role = Role.ENGINEER
    renderer_classes = [ZipRenderer, JSONRenderer]

    def answer(self, request: Request, model: MonitoredModel, found: Prediction) -> StreamingHttpResponse:
        key = key_of(request)
        made = bundling.bundle(found, model=model, by=key.acts_for, key=key)
        headers = {"Content-Disposition": f'attachment; filename="{made.name}"'}
        return StreamingHttpResponse(made.pieces, content_type=ZipRenderer.media_type, headers=headers)


class PredictionBundleView(_BundleView):
    """The bundle of a prediction, by the id that was sent."""

    @extend_schema(operation_id="get_prediction_bundle", responses=ANSWERS)
    def get(self, request: Request, model: str, prediction: str) -> StreamingHttpResponse:
        """The prediction, the model file of its version, and a program that scores it again, as a zip archive.

        It is on the audit record, and whoever the key acts for cannot judge the prediction blind any more.
        """
        monitored = find_model(project_of(request), model)
        return self.answer(request, monitored, finding.known(monitored, prediction))


class CaseBundleView(_BundleView):
    """The bundle of a prediction, by its key: the number in the address of its page."""

    @extend_schema(operation_id="get_case_bundle", responses=ANSWERS)
    def get(self, request: Request, model: str, case: int) -> StreamingHttpResponse:
        """The same archive, for whoever has the address of the prediction's page: it ends in this key."""
        monitored = find_model(project_of(request), model)
        rows = Prediction.objects.filter(model=monitored).select_related("version")
        return self.answer(request, monitored, get_or_404(rows, pk=case))
