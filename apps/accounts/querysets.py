"""Queries over people, projects and keys."""

from typing import TYPE_CHECKING, Any, Self

from django.db.models import Q, QuerySet
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


class ApiKeyQuerySet(ProjectScopedQuerySet):
    def usable(self) -> Self:
        """Neither revoked nor expired, by the database's clock."""
        return self.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=Now()))


class SignInLinkQuerySet(QuerySet[Any]):
    def usable(self) -> Self:
        return self.filter(uses_left__gt=0, expires_at__gt=Now())
