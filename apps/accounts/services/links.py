"""One-time links: to sign in, and to set the installation up."""

import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from apps.accounts.models import Membership, Project, Role, SignInLink, User
from apps.accounts.services import audit_log
from apps.accounts.services.keys import digest
from apps.accounts.services.members import is_newcomer, record_member
from apps.common.errors import ConflictError, NotFoundError


def make_sign_in_link(user: User | None, *, uses: int = 1, hours: int = 24) -> str:
    """Return the secret of a new link that signs `user` in or, with None, makes the first owner."""
    token = secrets.token_urlsafe(32)
    SignInLink.objects.create(
        user=user, digest=digest(token), uses_left=uses, expires_at=timezone.now() + timedelta(hours=hours)
    )
    return token


def enter_url(token: str, *, then: str = "") -> str:
    """Return the full address of a sign-in link, which leads on to the path `then`."""
    return f"{settings.BASE_URL}/enter/{token}/" + (f"?next={then}" if then else "")


def setup_url(token: str) -> str:
    """Return the full address of the first owner's link."""
    return f"{settings.BASE_URL}/setup/{token}/"


def find_sign_in_link(token: str) -> SignInLink:
    """Return the usable link with this secret. Looking at it spends nothing."""
    links = SignInLink.objects.usable().select_related("user")
    link: SignInLink | None = links.filter(digest=digest(token), user__isnull=False).first()
    if link is None:
        raise NotFoundError("This sign-in link is used up or too old. Ask for a new one.")
    return link


def redeem_sign_in_link(token: str) -> User:
    """Spend one use of a sign-in link, and return its person."""
    link = find_sign_in_link(token)
    if not SignInLink.objects.usable().filter(pk=link.pk).update(uses_left=F("uses_left") - 1):
        raise NotFoundError("Somebody else has just used this link up.")
    assert link.user is not None
    return link.user


def has_owner() -> bool:
    """Whether any project has an owner. From then on, owners add people, and no setup link works."""
    return Membership.objects.filter(role=Role.OWNER).exists()


def find_setup_link(token: str) -> SignInLink:
    """Return the usable link of the first owner."""
    link: SignInLink | None = SignInLink.objects.usable().filter(digest=digest(token), user=None).first()
    if link is None or has_owner():
        raise NotFoundError("This link is used up or too old. `./run.sh manage setup_link` prints a new one.")
    return link


def redeem_setup_link(token: str, *, email: str, name: str, password: str, project_name: str) -> User:
    """Spend the setup link, and make the first owner and their project."""
    with transaction.atomic():
        # Lock all setup links: of two people with a link each, one becomes the first owner.
        setup_links = SignInLink.objects.filter(user=None)
        list(setup_links.order_by("pk").select_for_update())
        find_setup_link(token)
        if User.objects.filter(email=email.lower()).exists():
            raise ConflictError("An account with this e-mail address already exists.", code="email_taken")
        setup_links.update(uses_left=0)
        user = User.objects.create_user(email, password, name=name)
        project = Project.objects.create(slug=unused_slug(project_name), name=project_name)
        member = Membership.objects.create(user=user, project=project, role=Role.OWNER)
        audit_log.record(project, "project.made", subject=f"project {project.slug}", by=user)
        record_member(member, "member.added", by=user, role=Role.OWNER)
        return user


def unused_slug(name: str) -> str:
    """Return a project's slug made from its name, with a number where the plain one is taken."""
    base = slugify(name)[:50].strip("-_") or "project"
    taken = set(Project.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for slug in (base, *(f"{base}-{number}" for number in range(2, 10_000))) if slug not in taken)


def hand_over_link(member: Membership, *, by: User | None) -> str:
    """Return a new member's first sign-in link, as a full address that leads to setting a password.

    Only people who have never signed in and belong to no other project get one: an owner must not get into an
    account that its person uses elsewhere.
    """
    if not is_newcomer(member):
        raise ConflictError("This person already signs in on their own.", code="not_a_newcomer")
    with transaction.atomic():
        token = make_sign_in_link(member.user)
        record_member(member, "member.link_made", by=by)
    return enter_url(token, then=reverse("account_set_password"))
