"""Queries over people, projects and keys."""

from typing import TYPE_CHECKING, Any, Self

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.db.models.functions import Now

if TYPE_CHECKING:
    from apps.accounts.models import Project, User


class ProjectScopedQuerySet(QuerySet[Any]):
    """The base of every query over rows of a project. `project_path` says where the project is found."""

    project_path = "project"

    def in_project(self, project: "Project") -> Self:
        """Only what belongs to this project; everything else is as if it were not there."""
        return self.filter(**{self.project_path: project})


class ProjectQuerySet(QuerySet[Any]):
    def of(self, user: "User") -> Self:
        """The projects that this person is a member of."""
        return self.filter(memberships__user=user).order_by("name")


class MembershipQuerySet(ProjectScopedQuerySet):
    def with_role_at_least(self, rank: int) -> Self:
        return self.filter(role__in=[role for role, value in self.model.RANKS.items() if value >= rank])

    def with_newness(self) -> Self:
        """With `is_newcomer`: has never signed in, and belongs to this project only."""
        elsewhere = self.model._default_manager.filter(user=OuterRef("user")).exclude(pk=OuterRef("pk"))
        is_newcomer = Q(user__last_login=None) & ~Q(Exists(elsewhere))
        return self.annotate(is_newcomer=ExpressionWrapper(is_newcomer, output_field=BooleanField()))


class ApiKeyQuerySet(ProjectScopedQuerySet):
    USABLE = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=Now()))

    def usable(self) -> Self:
        """Neither revoked nor expired, by the database's clock."""
        return self.filter(self.USABLE)

    def with_usability(self) -> Self:
        """With `is_usable`, for lists that show the others too."""
        return self.annotate(is_usable=ExpressionWrapper(self.USABLE, output_field=BooleanField()))


class SignInLinkQuerySet(QuerySet[Any]):
    def usable(self) -> Self:
        return self.filter(uses_left__gt=0, expires_at__gt=Now())
