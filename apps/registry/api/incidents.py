"""Incidents: read them, close them."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import get_or_404, key_of, project_of
from apps.registry.api.serializers import (
    CloseIncidentSerializer,
    FollowUpSerializer,
    IncidentSerializer,
    IncidentsQuerySerializer,
    IncidentsSerializer,
)
from apps.registry.models import Incident
from apps.registry.services import incidents
from apps.registry.services.finding import find_model
from apps.registry.services.follow_ups import follow_up


class IncidentsView(APIView):
    required_scope = Scope.REGISTRY_WRITE
    required_role = Role.STAKEHOLDER

    @extend_schema(operation_id="list_incidents", parameters=[IncidentsQuerySerializer], responses=IncidentsSerializer)
    def get(self, request: Request, model: str) -> Response:
        """List the model's incidents, newest first; without `state`, the open ones."""
        monitored = find_model(project_of(request), model)
        query = IncidentsQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        rows, following = incidents.page(monitored, **query.validated_data)
        return Response({"incidents": IncidentSerializer(rows, many=True).data, "next": following})


class IncidentView(APIView):
    required_scope = Scope.REGISTRY_WRITE
    required_role = Role.ENGINEER

    @extend_schema(operation_id="follow_up_incident", request=FollowUpSerializer, responses=IncidentSerializer)
    def patch(self, request: Request, incident: int) -> Response:
        """Say who sees to an incident, until when, what the cause was, what was done, and whether it helped."""
        rows = Incident.objects.in_project(project_of(request)).select_related("model__project")
        found = get_or_404(rows, pk=incident)
        serializer = FollowUpSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        key = key_of(request)
        follow_up(found, serializer.changes(found.model.project), by=key.acts_for, key=key)
        return Response(IncidentSerializer(get_or_404(rows, pk=incident)).data)


class CloseIncidentView(APIView):
    required_scope = Scope.REGISTRY_WRITE
    required_role = Role.ENGINEER

    @extend_schema(operation_id="close_incident", request=CloseIncidentSerializer, responses=IncidentSerializer)
    def post(self, request: Request, incident: int) -> Response:
        """Close an incident, with a note on its cause. The same change, seen again later, opens a new one."""
        found = get_or_404(Incident.objects.in_project(project_of(request)), pk=incident)
        serializer = CloseIncidentSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        key = key_of(request)
        closed = incidents.close(found, by=key.acts_for, key=key, **serializer.validated_data)
        return Response(IncidentSerializer(closed).data)
