"""Queries over events and their deliveries."""

from typing import Self

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from apps.accounts.querysets import ProjectScopedQuerySet
from apps.common.leases import LeaseQuerySet


class EventQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"


class EndpointQuerySet(ProjectScopedQuerySet):
    def active(self) -> Self:
        return self.filter(paused_at=None)

    def answering(self) -> Self:
        """Endpoints that may be tried now."""
        return self.active().filter(Q(retry_at=None) | Q(retry_at__lte=Now()))


# The states of a delivery.
STATES = {
    "waiting": Q(delivered_at=None, failed_at=None),
    "delivered": Q(delivered_at__isnull=False),
    "failed": Q(failed_at__isnull=False),
}


class DeliveryQuerySet(LeaseQuerySet):
    def waiting(self) -> Self:
        return self.filter(STATES["waiting"])

    def failed(self) -> Self:
        return self.filter(STATES["failed"])

    def due(self) -> Self:
        """Deliveries to try now, oldest first: of each prediction, only the first that the endpoint has not got."""
        earlier = self.model._default_manager.waiting().filter(
            endpoint=OuterRef("endpoint"), subject=OuterRef("subject"), event__lt=OuterRef("event")
        )
        endpoints = self.model._meta.get_field("endpoint").related_model._default_manager.answering()
        waiting = self.waiting().filter(next_try_at__lte=Now(), endpoint__in=endpoints)
        return waiting.filter(~Exists(earlier)).order_by("event_id")
