"""The events of a model, for systems that ask instead of being told."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import key_of, project_of
from apps.notifications.api.serializers import EventsQuerySerializer, EventsSerializer
from apps.notifications.services import feeds
from apps.registry.services.finding import find_model


class EventsView(APIView):
    """What people and outcomes have decided, in order, for engineers."""

    required_scope = Scope.LABELS_READ
    required_role = Role.ENGINEER

    @extend_schema(operation_id="list_events", parameters=[EventsQuerySerializer], responses={200: EventsSerializer})
    def get(self, request: Request, model: str) -> Response:
        """Settled reviews, settled disputes, corrected outcomes and final reports, in the order of their numbers.

        Events are numbered without gaps and never change. Whoever keeps `next` reads each once.
        """
        monitored = find_model(project_of(request), model)
        serializer = EventsQuerySerializer(data=request.query_params.dict())
        serializer.is_valid(raise_exception=True)
        query = serializer.validated_data
        events, following = feeds.read(
            monitored, after=query["after"], limit=query["limit"], reader=key_of(request).acts_for
        )
        return Response({"events": events, "next": following})
