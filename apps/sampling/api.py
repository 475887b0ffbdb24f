"""`GET` and `PUT /models/{model}/policies`."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Scope
from apps.accounts.services.access import key_of, project_of
from apps.registry.services.finding import find_model
from apps.sampling.services import policies
from apps.sampling.services.documents import SamplingSerializer


class PoliciesView(APIView):
    """The sampling configuration of a model."""

    required_scope = Scope.SAMPLING_WRITE

    @extend_schema(operation_id="get_policies", responses=SamplingSerializer)
    def get(self, request: Request, model: str) -> Response:
        return Response(policies.shown(find_model(project_of(request), model)))

    @extend_schema(operation_id="put_policies", request=SamplingSerializer, responses=SamplingSerializer)
    def put(self, request: Request, model: str) -> Response:
        """What changes gets a new version from now on; what was drawn keeps the version that drew it."""
        found = find_model(project_of(request), model)
        serializer = SamplingSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        key = key_of(request)
        return Response(policies.put_document(found, serializer.validated_data, by=key.acts_for, key=key))
