"""`GET` and `PUT /models/{model}/policies`."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import key_of, project_of
from apps.registry.services.finding import find_model
from apps.sampling.services import policies
from apps.sampling.services.documents import SamplingSerializer


class PoliciesView(APIView):
    """A model's sampling configuration."""

    required_scope = Scope.SAMPLING_WRITE
    required_role = Role.ENGINEER

    @extend_schema(operation_id="get_policies", responses=SamplingSerializer)
    def get(self, request: Request, model: str) -> Response:
        return Response(policies.current_document(find_model(project_of(request), model)))

    @extend_schema(operation_id="put_policies", request=SamplingSerializer, responses=SamplingSerializer)
    def put(self, request: Request, model: str) -> Response:
        """A changed policy gets a new version from now on; earlier draws keep the version that made them."""
        monitored = find_model(project_of(request), model)
        serializer = SamplingSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        key = key_of(request)
        return Response(policies.put_document(monitored, serializer.validated_data, by=key.acts_for, key=key))
