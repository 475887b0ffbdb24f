"""Queries over people, projects and keys."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from allauth.mfa.models import Authenticator
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, FilteredRelation, OuterRef, Q, QuerySet
from django.db.models.functions import Now

if TYPE_CHECKING:
    from apps.accounts.models import Membership, Project, User

RESOLUTION = timedelta(minutes=1)
LONG_UNUSED = timedelta(days=90)


class ProjectScopedQuerySet(QuerySet[Any]):
    """Rows that belong to a project; `project_path` leads from a row to it."""

    project_path = "project"

    def in_project(self, project: "Project") -> Self:
        """Only rows of this project."""
        return self.filter(**{self.project_path: project})


class ProjectQuerySet(QuerySet[Any]):
    def of(self, user: "User") -> Self:
        """Projects that this person is a member of."""
        return self.filter(memberships__user=user).order_by("name")


class MembershipQuerySet(ProjectScopedQuerySet):
    def with_role_at_least(self, rank: int) -> Self:
        """Members with an active account who may do what the role of this rank may."""
        return self.filter(
            user__is_active=True, role__in=[role for role, value in self.model.RANKS.items() if value >= rank]
        )

    def all_owned_by(self, owner: "User") -> Self:
        """Memberships of people, other than this owner, who belong to no project that the owner does not own."""
        memberships = self.model._default_manager
        owned = memberships.filter(user=owner, role="owner").values("project")
        elsewhere = memberships.filter(user=OuterRef("user")).exclude(project__in=owned)
        return self.exclude(user=owner).exclude(Exists(elsewhere))

    def with_second_step(self) -> Self:
        """Annotate `has_second_step`: the person signs in with an authenticator app too."""
        return self.annotate(has_second_step=Exists(Authenticator.objects.filter(user=OuterRef("user"), type="totp")))


class InvitationQuerySet(ProjectScopedQuerySet):
    def waiting(self) -> Self:
        """Neither accepted, declined nor withdrawn; expired ones too."""
        return self.filter(status="waiting")

    def usable(self) -> Self:
        """Invitations that can be accepted now: not expired, and made by somebody who still owns the project."""
        return self.waiting().filter(
            expires_at__gt=Now(),
            invited_by__is_active=True,
            project__memberships__user=F("invited_by"),
            project__memberships__role="owner",
        )

    def with_usability(self) -> Self:
        """Annotate `is_usable`, for lists that show expired and void ones too."""
        usable = self.model._default_manager.all().usable().filter(pk=OuterRef("pk"))
        return self.annotate(is_usable=Exists(usable))


class ApiKeyQuerySet(ProjectScopedQuerySet):
    USABLE = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=Now()))

    def usable(self) -> Self:
        """Keys neither revoked nor expired, by the database's clock."""
        return self.filter(self.USABLE)

    def of_living_people(self) -> Self:
        """Keys that act for nobody, or for an active member of their project, with this `membership`."""
        in_project = FilteredRelation("acts_for__memberships", condition=Q(acts_for__memberships__project=F("project")))
        living = Q(acts_for=None) | Q(acts_for__is_active=True, membership__isnull=False)
        return self.annotate(membership=in_project).select_related("project", "acts_for", "membership").filter(living)

    def with_usability(self) -> Self:
        """Annotate `is_usable`, for lists that show expired and revoked keys too."""
        return self.annotate(is_usable=ExpressionWrapper(self.USABLE, output_field=BooleanField()))

    def ended(self) -> Self:
        return self.exclude(self.USABLE)

    def long_unused(self) -> Self:
        """Usable keys that nobody has used for long, since they were made or last used."""
        since = Now() - LONG_UNUSED
        return self.usable().filter(created_at__lt=since).filter(Q(last_used_at=None) | Q(last_used_at__lt=since))

    def mentioning(self, text: str) -> Self:
        """Keys with this text in their name or their person's, or at the beginning of the key."""
        person = Q(acts_for__name__icontains=text) | Q(acts_for__email__icontains=text)
        return self.filter(Q(name__icontains=text) | Q(prefix__istartswith=text) | person)

    def visible_to(self, member: "Membership") -> Self:
        """All keys of the project for its owners; for others, the keys that act for them."""
        keys = self.in_project(member.project)
        return keys if member.role == "owner" else keys.filter(acts_for=member.user)

    def note_use(self) -> int:
        """Write when the keys were used, once a minute."""
        return self.filter(Q(last_used_at=None) | Q(last_used_at__lt=Now() - RESOLUTION)).update(last_used_at=Now())


class SignInLinkQuerySet(QuerySet[Any]):
    def usable(self) -> Self:
        return self.filter(uses_left__gt=0, expires_at__gt=Now())
