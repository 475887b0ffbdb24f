"""`GET` and `PUT /models/{model}/policies`."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Scope
from apps.accounts.services.access import get_or_404, key_of, project_of
from apps.registry.models import MonitoredModel
from apps.sampling.services import policies
from apps.sampling.services.documents import SamplingSerializer


class PoliciesView(APIView):
    """The sampling configuration of a model."""

    required_scope = Scope.SAMPLING_WRITE

    def _model(self, request: Request, slug: str) -> MonitoredModel:
        model: MonitoredModel = get_or_404(MonitoredModel.objects.in_project(project_of(request)), slug=slug)
        return model

    @extend_schema(operation_id="get_policies", responses=SamplingSerializer)
    def get(self, request: Request, model: str) -> Response:
        return Response(policies.shown(self._model(request, model)))

    @extend_schema(operation_id="put_policies", request=SamplingSerializer, responses=SamplingSerializer)
    def put(self, request: Request, model: str) -> Response:
        """What changes gets a new version from now on; what was drawn keeps the version that drew it."""
        found = self._model(request, model)
        serializer = SamplingSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        key = key_of(request)
        return Response(policies.put_document(found, serializer.validated_data, by=key.acts_for, key=key))
