"""Queries over items, slots and decisions, named as one would say them."""

from typing import TYPE_CHECKING, Self

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from apps.accounts.querysets import ProjectScopedQuerySet
from apps.common.leases import LeaseQuerySet

if TYPE_CHECKING:
    from apps.accounts.models import Membership, Project, User
    from apps.registry.models import ReviewQueue


class ReviewItemQuerySet(ProjectScopedQuerySet):
    project_path = "queue__model__project"

    def unresolved(self) -> Self:
        """Those about which truth has not heard the latest."""
        return self.filter(needs_resolution=True)


class SlotQuerySet(LeaseQuerySet):
    def in_project(self, project: "Project") -> Self:
        return self.filter(queue__model__project=project)

    def open(self) -> Self:
        """Neither answered nor passed on, and not put off until later."""
        return self.filter(closed_at=None).filter(Q(snoozed_until=None) | Q(snoozed_until__lte=Now()))

    def in_queue(self, queue: "ReviewQueue") -> Self:
        return self.filter(queue=queue)

    def claimable_by(self, membership: "Membership") -> Self:
        """Open, held by nobody, kept for nobody else, and on an item that this person has had no part in."""
        from apps.accounts.models import Role  # noqa: PLC0415 querysets lie below models

        mine = self.model._default_manager.filter(
            item=OuterRef("item"), round=OuterRef("round"), reviewer=membership.user
        )
        slots = (
            self.open()
            .unleased()
            .filter(Q(reviewer=None) | Q(reviewer=membership.user))
            .filter(Q(reviewer=membership.user) | ~Exists(mine))
            .order_by("order_key", "id")
        )
        return slots if membership.reaches(Role.ADJUDICATOR) else slots.filter(is_adjudication=False)

    def held_by(self, user: "User") -> Self:
        return self.filter(closed_at=None, reviewer=user, lease_token__isnull=False)


class DecisionQuerySet(ProjectScopedQuerySet):
    project_path = "slot__queue__model__project"

    def answers(self) -> Self:
        """Those that give a label."""
        return self.filter(value__isnull=False)
