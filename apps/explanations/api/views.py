"""Register the file of a model version, and see whether it is the model that answered."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import key_of, project_of
from apps.common.errors import NotFoundError
from apps.common.file_forms import FileFormParser
from apps.explanations.api.serializers import ArtifactRequestSerializer, ArtifactSerializer
from apps.explanations.models import Artifact
from apps.explanations.services import registering, storing
from apps.registry.services.finding import find_model


class ModelFileParser(FileFormParser):
    """Reads a form with a model file."""

    def check_size(self, size: int) -> None:
        storing.check_size(size)


class ArtifactView(APIView):
    required_scope = Scope.REGISTRY_WRITE
    required_role = Role.ENGINEER
    parser_classes = [ModelFileParser]

    @extend_schema(operation_id="get_artifact", responses=ArtifactSerializer)
    def get(self, request: Request, model: str, version: str) -> Response:
        """The version's file, and the newest check of it."""
        return Response(ArtifactSerializer(_found(request, model, version)).data)

    @extend_schema(
        operation_id="post_artifact",
        request={"multipart/form-data": ArtifactRequestSerializer},
        responses={200: ArtifactSerializer, 201: ArtifactSerializer},
    )
    def post(self, request: Request, model: str, version: str) -> Response:
        """Register the file of a version, in a format that holds no code.

        It is compared with stored predictions in the background; nothing is explained with it before it reproduces
        their scores. The same file with the same document again changes nothing: 200 instead of 201.
        """
        monitored = find_model(project_of(request), model)
        sent_form: Any = request.data
        serializer = ArtifactRequestSerializer(data=dict(sent_form.items()))
        serializer.is_valid(raise_exception=True)
        sent, key = serializer.validated_data["file"], key_of(request)
        made = registering.register(
            monitored,
            version,
            sent.file,
            name=sent.name,
            document=serializer.validated_data.get("document", {}),
            by=key.acts_for,
            key=key,
        )
        return Response(ArtifactSerializer(made.artifact).data, status=201 if made.is_new else 200)


class ArtifactCheckView(APIView):
    required_scope = Scope.REGISTRY_WRITE
    required_role = Role.ENGINEER

    @extend_schema(operation_id="check_artifact", request=None, responses={202: ArtifactSerializer})
    def post(self, request: Request, model: str, version: str) -> Response:
        """Compare the file with stored predictions again; a file in quarantine gets another chance."""
        found, key = _found(request, model, version), key_of(request)
        registering.check_again(found, by=key.acts_for, key=key)
        return Response(ArtifactSerializer(_found(request, model, version)).data, status=202)


def _found(request: Request, model: str, version: str) -> Artifact:
    found = registering.in_force(find_model(project_of(request), model), version)
    if found is None:
        raise NotFoundError("No file is registered for this version.")
    return found
