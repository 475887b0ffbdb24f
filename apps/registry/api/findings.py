"""Findings: read them, write them, follow them up."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import get_or_404, key_of, member_of, project_of
from apps.registry.api.serializers import (
    FindingChangeSerializer,
    FindingSerializer,
    FindingsSerializer,
    IncidentsQuerySerializer,
    NewFindingSerializer,
)
from apps.registry.models import Finding
from apps.registry.services import findings
from apps.registry.services.finding import find_model
from apps.registry.services.follow_ups import follow_up


class FindingsView(APIView):
    required_scope = Scope.REGISTRY_WRITE
    required_role = {"GET": Role.ENGINEER, "POST": Role.VALIDATOR}

    @extend_schema(operation_id="list_findings", parameters=[IncidentsQuerySerializer], responses=FindingsSerializer)
    def get(self, request: Request, model: str) -> Response:
        """List the model's findings, newest first; without `state`, the open ones."""
        monitored = find_model(project_of(request), model)
        query = IncidentsQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        rows, following = findings.page(monitored, **query.validated_data)
        return Response({"findings": FindingSerializer(rows, many=True).data, "next": following})

    @extend_schema(operation_id="write_finding", request=NewFindingSerializer, responses={201: FindingSerializer})
    def post(self, request: Request, model: str) -> Response:
        """Write a finding, in the name of the person that the key acts for."""
        monitored, member = find_model(project_of(request), model), member_of(request)
        serializer = NewFindingSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data | serializer.changes(monitored.project)
        finding = findings.write(monitored, **given, by=member, key=key_of(request))
        return Response(FindingSerializer(finding).data, status=201)


class FindingView(APIView):
    required_scope = Scope.REGISTRY_WRITE
    required_role = Role.VALIDATOR

    @extend_schema(operation_id="change_finding", request=FindingChangeSerializer, responses=FindingSerializer)
    def patch(self, request: Request, finding: int) -> Response:
        """Follow a finding up; a validator or an owner closes it, or opens it again."""
        rows = Finding.objects.in_project(project_of(request)).with_people().select_related("model__project")
        found, member, key = get_or_404(rows, pk=finding), member_of(request), key_of(request)
        serializer = FindingChangeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        follow_up(found, serializer.changes(found.model.project), by=member.user, key=key)
        if "is_open" in serializer.validated_data:
            change = findings.reopen if serializer.validated_data["is_open"] else findings.close
            change(found, by=member, key=key)
        return Response(FindingSerializer(get_or_404(rows, pk=finding)).data)
