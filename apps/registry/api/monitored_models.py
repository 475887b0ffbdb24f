"""The project's models: list, register, change, archive and delete them."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import key_of, project_of
from apps.registry.api.serializers import (
    ModelShownSerializer,
    ModelsQuerySerializer,
    ModelsSerializer,
)
from apps.registry.services import archiving, registering
from apps.registry.services.documents import ModelSerializer
from apps.registry.services.finding import find_model


class ModelsView(APIView):
    required_scope = Scope.REGISTRY_WRITE
    required_role = Role.ENGINEER

    @extend_schema(operation_id="list_models", parameters=[ModelsQuerySerializer], responses=ModelsSerializer)
    def get(self, request: Request) -> Response:
        """List the project's models, newest first; without `state`, those that are not archived."""
        query = ModelsQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        rows, following = archiving.page(project_of(request), **query.validated_data)
        return Response(ModelsSerializer({"models": rows, "next": following}).data)


class ModelView(APIView):
    """One model's document."""

    required_scope = Scope.REGISTRY_WRITE
    required_role = {
        "GET": Role.ENGINEER,
        "PUT": Role.ENGINEER,
        "DELETE": Role.OWNER,
    }

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

    @extend_schema(operation_id="delete_model", responses={204: None})
    def delete(self, request: Request, model: str) -> Response:
        """Delete a model that holds no prediction, no outcome (parked ones included) and no decision.

        Its queues, policies, rejected rows and empty reports go with it. Any other model answers 409: archive it.
        """
        key = key_of(request)
        archiving.delete(find_model(key.project, model), by=key.acts_for, key=key)
        return Response(status=204)


class ArchiveView(APIView):
    required_scope = Scope.REGISTRY_WRITE
    required_role = Role.ENGINEER

    @extend_schema(operation_id="archive_model", request=None, responses=ModelShownSerializer)
    def post(self, request: Request, model: str) -> Response:
        """Put the model away: it takes no rows (409 `model_archived`), hands out no cases and gets no reports.

        Everything it holds stays readable. Archiving it twice changes nothing.
        """
        key = key_of(request)
        archived = archiving.archive(find_model(key.project, model), by=key.acts_for, key=key)
        return Response(ModelShownSerializer(archived).data)


class RestoreView(APIView):
    required_scope = Scope.REGISTRY_WRITE
    required_role = Role.ENGINEER

    @extend_schema(operation_id="restore_model", request=None, responses=ModelShownSerializer)
    def post(self, request: Request, model: str) -> Response:
        """Put an archived model to work again. Batches that waited meanwhile are processed."""
        key = key_of(request)
        restored = archiving.restore(find_model(key.project, model), by=key.acts_for, key=key)
        return Response(ModelShownSerializer(restored).data)
