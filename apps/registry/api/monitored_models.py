"""`PUT` and `GET /models/{model}`."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import key_of, project_of
from apps.registry.api.serializers import ModelShownSerializer
from apps.registry.services import registering
from apps.registry.services.documents import ModelSerializer
from apps.registry.services.finding import find_model


class ModelView(APIView):
    """One model's document."""

    required_scope = Scope.REGISTRY_WRITE
    required_role = Role.ENGINEER

    @extend_schema(operation_id="get_model", responses=ModelShownSerializer)
    def get(self, request: Request, model: str) -> Response:
        return Response(ModelShownSerializer(find_model(project_of(request), model)).data)

    @extend_schema(operation_id="put_model", request=ModelSerializer, responses=ModelShownSerializer)
    def put(self, request: Request, model: str) -> Response:
        """Register the model, or change it; fields left out keep their value."""
        serializer = ModelSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        key = key_of(request)
        changed = registering.put_model(
            key.project, slug=model, document=serializer.validated_data, by=key.acts_for, key=key
        )
        return Response(ModelShownSerializer(changed).data)
