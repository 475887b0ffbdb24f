"""Queries over events and their deliveries, over notices, and over what is sent by itself."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from apps.accounts.querysets import ProjectScopedQuerySet
from apps.common.leases import LeaseQuerySet

if TYPE_CHECKING:
    from apps.accounts.models import User


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


class NoticeQuerySet(LeaseQuerySet):
    def of(self, user: "User") -> Self:
        """The person's notices, of projects that they still belong to."""
        return self.filter(user=user, project__memberships__user=user)

    def unread(self) -> Self:
        return self.filter(read_at=None)

    def failed(self) -> Self:
        """Notices whose mail was given up."""
        return self.filter(failed_at__isnull=False)

    def due(self) -> Self:
        """Notices to mail now, those that have waited longest first.

        What has been read needs no mail, unless its mail may be on its way: that one is finished as it was begun.
        Nobody gets mail after leaving the project, or to a closed account.
        """
        waiting = self.filter(mail_due_at__lte=Now(), mailed_at=None, failed_at=None)
        people = Q(user__is_active=True, project__memberships__user=F("user"))
        return waiting.filter(people, Q(read_at=None) | Q(lease_token__isnull=False)).order_by("mail_due_at", "pk")


class AlertQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def standing(self) -> Self:
        """Keep those that have not been resolved."""
        return self.exclude(state="resolved")

    def fired(self) -> Self:
        """Keep those that have fired, whatever became of them."""
        return self.filter(fired_at__isnull=False)


class ScheduleQuerySet(ProjectScopedQuerySet):
    def working(self) -> Self:
        """Keep those that somebody gets, of models in use."""
        people = self.model._meta.get_field("subscriptions").related_model._default_manager.active()
        return self.filter(Q(model=None) | Q(model__archived_at=None)).filter(
            Exists(people.filter(schedule=OuterRef("pk")))
        )


class SubscriptionQuerySet(ProjectScopedQuerySet):
    project_path = "schedule__project"

    def active(self) -> Self:
        """Keep those of members who have not left, with an open account."""
        here = Q(user__is_active=True, schedule__project__memberships__user=F("user"))
        return self.filter(here, left_at=None)


class EditionQuerySet(ProjectScopedQuerySet):
    project_path = "schedule__project"

    def waiting(self, now: datetime) -> Self:
        """Keep those that wait for their report and are to be looked at."""
        return self.filter(ready_at=None, look_at__lte=now).order_by("look_at", "pk")


class LetterQuerySet(LeaseQuerySet):
    def unsent(self) -> Self:
        return self.filter(sent_at=None, failed_at=None)

    def failed(self) -> Self:
        return self.filter(failed_at__isnull=False)

    def due(self) -> Self:
        """Letters to send now, edition by edition: what was laid out for one is at hand for the next."""
        return self.unsent().filter(next_try_at__lte=Now()).order_by("edition_id", "pk")
