"""People, projects, roles, and the keys of client systems."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.querysets import (
    ApiKeyQuerySet,
    InvitationQuerySet,
    MembershipQuerySet,
    ProjectQuerySet,
    SignInLinkQuerySet,
)
from apps.common.dates import DateFormat, dates_as
from apps.common.numerals import NumberFormat, numbers_as

NAME_PATTERN = r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?"
validate_name = RegexValidator(
    rf"^{NAME_PATTERN}\Z",
    "Lower-case letters, digits, hyphens and underscores; at most 64, letter or digit at both ends.",
)


class UserManager(BaseUserManager["User"]):
    """Creates people, identified by their e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    """A person, or a simulated one (`is_simulated`)."""

    username = None  # type: ignore[assignment]  # the e-mail address replaces it
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200, blank=True)
    is_simulated = models.BooleanField(default=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []

    objects = UserManager()  # type: ignore[misc,assignment]  # AbstractUser's manager wants a username

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        name = self.name or self.email
        return f"{name} (simulated)" if self.is_simulated else name


class Project(models.Model):
    """One team's models, queues and reports. Nobody outside sees them."""

    slug = models.CharField(max_length=64, unique=True, validators=[validate_name])
    name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64, default="UTC")
    # In pages, mails and files for people; the API writes numbers as JSON does.
    number_format = models.CharField(
        max_length=16, choices=NumberFormat, default=NumberFormat.COMMAS, db_default=NumberFormat.COMMAS
    )
    # Likewise; files for programs write ISO 8601.
    date_format = models.CharField(
        max_length=16, choices=DateFormat, default=DateFormat.DAY_FIRST, db_default=DateFormat.DAY_FIRST
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProjectQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone that decides where a day begins."""
        return ZoneInfo(self.time_zone)

    @contextmanager
    def conventions(self) -> Iterator[None]:
        """Write times, numbers and dates as this project does, for the length of the block."""
        with timezone.override(self.zone), numbers_as(self.number_format), dates_as(self.date_format):
            yield


class Role(models.TextChoices):
    """From stakeholder to owner, each role may do what those before it may; a validator reads, and writes findings."""

    STAKEHOLDER = "stakeholder"
    VALIDATOR = "validator"
    REVIEWER = "reviewer"
    ADJUDICATOR = "adjudicator"
    ENGINEER = "engineer"
    OWNER = "owner"

    @classmethod
    def ranked(cls) -> list[tuple[str, str]]:
        """List as choices the roles of which each includes the ones before it."""
        return [(str(role), str(role.label)) for role in cls if role != cls.VALIDATOR]

    def reaches(self, role: "Role") -> bool:
        """Whether this role may do what `role` may. Findings are written by validators, and from engineer on."""
        if role == Role.VALIDATOR:
            return self == role or self.reaches(Role.ENGINEER)
        return Membership.RANKS[self] >= Membership.RANKS[role]

    def reads(self, role: "Role") -> bool:
        """Whether this role may read what `role` may: a validator what engineers may."""
        return self.reaches(role) or (self == Role.VALIDATOR and Role.ENGINEER.reaches(role))


class Membership(models.Model):
    """What a person may do in a project."""

    # A validator does no more than a stakeholder.
    RANKS = {role: max(rank - 1, 0) for rank, role in enumerate(Role)}

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    project = models.ForeignKey(Project, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role)
    # How many answers the person wants to give a day; their own choice.
    daily_goal = models.PositiveSmallIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "project"], name="one_membership_per_project"),
            models.CheckConstraint(condition=Q(role__in=[str(r) for r in Role]), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role} in {self.project}"

    def reaches(self, role: Role) -> bool:
        """Whether this membership includes what `role` may do."""
        return Role(self.role).reaches(role)

    def reads(self, role: Role) -> bool:
        """Whether this membership may read what `role` may."""
        return Role(self.role).reads(role)


class Scope(models.TextChoices):
    """What a key may do."""

    PREDICTIONS_WRITE = "predictions:write"
    PREDICTIONS_READ = "predictions:read"
    OUTCOMES_WRITE = "outcomes:write"
    LABELS_READ = "labels:read"
    REPORTS_READ = "reports:read"
    REPORTS_WRITE = "reports:write"
    REVIEWS_WRITE = "reviews:write"
    REGISTRY_WRITE = "registry:write"
    SAMPLING_WRITE = "sampling:write"


class ApiKey(models.Model):
    """A client system's key: shown once, stored as SHA-256 beside a clear prefix."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=200)
    prefix = models.CharField(max_length=16)
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=32, choices=Scope))
    # The person in whose name the key acts; it has this person's role and no more.
    acts_for = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="api_keys")
    created_at = models.DateTimeField(auto_now_add=True)
    # To the minute.
    last_used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    # A new key took its place; both work until this one expires.
    replaced_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    # The membership of the person it acts for; `find_key` loads both.
    membership: Membership | None = None

    objects = ApiKeyQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def reads_as(self) -> Role:
        """The role that decides what the key sees: its person's. For nobody, one that reads labels sees everything."""
        if self.membership is not None:
            return Role(self.membership.role)
        return Role.ENGINEER if Scope.LABELS_READ in self.scopes else Role.STAKEHOLDER


class InvitationStatus(models.TextChoices):
    WAITING = "waiting"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Invitation(models.Model):
    """A membership that waits until the person accepts it. Its link's secret is stored as SHA-256."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=16, choices=Role)
    digest = models.BinaryField(max_length=32, unique=True)
    # The invitation is void once this person no longer owns the project.
    invited_by = models.ForeignKey(User, models.CASCADE, related_name="invitations_made")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    status = models.CharField(max_length=16, choices=InvitationStatus, default=InvitationStatus.WAITING)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "email"],
                condition=Q(status=InvitationStatus.WAITING),
                name="one_waiting_invitation_per_address",
            ),
            models.CheckConstraint(condition=Q(role__in=[str(r) for r in Role]), name="invitation_role_known"),
            models.CheckConstraint(
                condition=Q(status=InvitationStatus.WAITING, ended_at=None)
                | (Q(status__in=["accepted", "declined", "withdrawn"]) & Q(ended_at__isnull=False)),
                name="only_waiting_invitations_have_no_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} in {self.project}"


class SignInLink(models.Model):
    """A link that signs somebody in, or, without a user, makes the first owner. Stored as SHA-256."""

    digest = models.BinaryField(max_length=32, unique=True)
    user = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="sign_in_links")
    # The owner who made it; null: a command on the server. It works only while that owner may help the person.
    made_by = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="links_made")
    # For a lost password: the person chooses a new one.
    asks_password = models.BooleanField(default=False)
    uses_left = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    objects = SignInLinkQuerySet.as_manager()

    def __str__(self) -> str:
        return f"for {self.user or 'the first owner'}"

    @property
    def person(self) -> User:
        """The person whom the link signs in."""
        assert self.user is not None, "a setup link signs nobody in"
        return self.user
