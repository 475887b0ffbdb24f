"""Subscriptions of the person that a key acts for."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Project, Role, Scope
from apps.accounts.services.access import get_or_404, key_of, member_of, project_of
from apps.common.errors import NotFoundError, invalid_field
from apps.notifications.api.subscription_serializers import (
    SubscriptionRequestSerializer,
    SubscriptionSerializer,
    SubscriptionsSerializer,
)
from apps.notifications.models import Subscription
from apps.notifications.querysets import SubscriptionQuerySet
from apps.notifications.services import subscribing
from apps.notifications.services.subscribing import Wanted
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model


class SubscriptionsView(APIView):
    required_scope = {"GET": Scope.REPORTS_READ, "POST": Scope.REPORTS_WRITE}
    required_role = Role.STAKEHOLDER
    is_personal = True

    @extend_schema(operation_id="list_subscriptions", responses=SubscriptionsSerializer)
    def get(self, request: Request) -> Response:
        """List the reports that are sent to the person the key acts for, in the key's project."""
        rows = _own(request).select_related("schedule__model").order_by("pk")
        return Response(SubscriptionsSerializer({"subscriptions": rows}).data)

    @extend_schema(
        operation_id="subscribe", request=SubscriptionRequestSerializer, responses={201: SubscriptionSerializer}
    )
    def post(self, request: Request) -> Response:
        """Send the person the key acts for a report by mail, by the clock or upon events."""
        body = SubscriptionRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        project, model = project_of(request), asked["model"]
        wanted = Wanted(
            cadence=asked["cadence"],
            standing=asked["window"],
            model=_model(project, model) if model else None,
            kind=asked.get("kind", ""),
            day=asked["day"],
            hour=asked["hour"],
            zone=asked["time_zone"],
            attaches_pdf=asked["attach_pdf"],
            waits_days=asked["wait_days"],
        )
        made = subscribing.subscribe(project, wanted, user=member_of(request).user, key=key_of(request))
        return Response(SubscriptionSerializer(made).data, status=201)


class SubscriptionView(APIView):
    required_scope = Scope.REPORTS_WRITE
    required_role = Role.STAKEHOLDER
    is_personal = True

    @extend_schema(operation_id="unsubscribe", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Send the person no more of it."""
        found = get_or_404(_own(request).select_related("schedule__project", "user"), pk=pk)
        subscribing.leave(found, by=found.user, key=key_of(request))
        return Response(status=204)


def _model(project: Project, name: str) -> MonitoredModel:
    """Return the model that a body names. Raises DomainError where there is none: the address is not at fault."""
    try:
        return find_model(project, name)
    except NotFoundError as error:
        raise invalid_field("model", error.message) from error


def _own(request: Request) -> SubscriptionQuerySet:
    """Keep what the person gets in the project of the key."""
    rows: SubscriptionQuerySet = Subscription.objects.active().in_project(project_of(request))
    return rows.filter(user=member_of(request).user)
