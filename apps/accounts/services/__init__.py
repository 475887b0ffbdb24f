"""Making people, projects, keys and links."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from apps.accounts.models import ApiKey, Membership, Project, Role, Scope, SignInLink, User
from apps.accounts.services import audit_log
from apps.common.errors import ConflictError, DomainError, NotFoundError

KEY_PREFIX = "cs_"


def digest(secret: str) -> bytes:
    """What is kept of a key or link. The secrets are 256 random bits, so one fast hash is enough."""
    return hashlib.sha256(secret.encode()).digest()


def create_key(
    project: Project,
    *,
    name: str,
    scopes: list[str],
    by: User | None,
    acts_for: User | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its text, which cannot be had again."""
    unknown = sorted(set(scopes) - {str(scope) for scope in Scope})
    if unknown or not scopes:
        raise DomainError(f"Unknown scopes: {', '.join(unknown) or 'none given'}.", code="unknown_scope")
    text = KEY_PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        key = ApiKey.objects.create(
            project=project,
            name=name,
            prefix=text[:10],
            digest=digest(text),
            scopes=sorted(set(scopes)),
            acts_for=acts_for,
            expires_at=expires_at,
        )
        told = {"name": name, "scopes": key.scopes, "acts_for": key.acts_for_id, "expires_at": expires_at}
        audit_log.record(project, "key.made", subject=f"key {key.prefix}", by=by, details=told)
    return key, text


def find_key(text: str) -> ApiKey | None:
    """The usable key with this text."""
    return ApiKey.objects.usable().select_related("project", "acts_for").filter(digest=digest(text)).first()


def revoke_key(key: ApiKey, *, by: User | None) -> None:
    """From now on it opens nothing."""
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now()):
            audit_log.record(key.project, "key.revoked", subject=f"key {key.prefix}", by=by, details={"name": key.name})


def ensure_member(
    project_slug: str, *, email: str, role: Role, name: str = "", is_simulated: bool = False
) -> Membership:
    """The person's membership in the project; project, person and membership are made where missing."""
    with transaction.atomic():
        project, is_made = Project.objects.get_or_create(
            slug=project_slug, defaults={"name": project_slug.replace("-", " ").capitalize()}
        )
        if is_made:
            audit_log.record(project, "project.made", subject=f"project {project.slug}", by=None)
        user = User.objects.filter(email=email.lower()).first()
        if user is None:
            user = User.objects.create_user(email, name=name, is_simulated=is_simulated)
        member, is_new = Membership.objects.get_or_create(project=project, user=user, defaults={"role": role})
        if is_new:
            _record_member(member, "member.added", by=None, role=role)
        else:
            _set_role(member, role, by=None)
        return member


def make_sign_in_link(user: User | None, *, uses: int = 1, hours: int = 24) -> str:
    """The secret of a link that signs `user` in, or, with None, makes the first owner."""
    token = secrets.token_urlsafe(32)
    SignInLink.objects.create(
        user=user, digest=digest(token), uses_left=uses, expires_at=timezone.now() + timedelta(hours=hours)
    )
    return token


def enter_url(token: str, *, then: str = "") -> str:
    """The full address of a sign-in link."""
    return f"{settings.BASE_URL}/enter/{token}/" + (f"?next={then}" if then else "")


def setup_url(token: str) -> str:
    """The full address of the first owner's link."""
    return f"{settings.BASE_URL}/setup/{token}/"


def redeem_sign_in_link(token: str) -> User:
    """The link's person; one use of it is spent."""
    links = SignInLink.objects.usable().filter(digest=digest(token), user__isnull=False)
    link = links.select_related("user").first()
    if link is None or not links.update(uses_left=F("uses_left") - 1):
        raise NotFoundError("This sign-in link has been used up or is too old. Ask for another one.")
    user: User = link.user
    return user


def find_setup_link(token: str) -> SignInLink:
    """The unused link of the first owner."""
    link: SignInLink | None = SignInLink.objects.usable().filter(digest=digest(token), user=None).first()
    if link is None:
        raise NotFoundError("This link has been used or is too old. `./run.sh manage setup_link` prints another.")
    return link


def redeem_setup_link(token: str, *, email: str, name: str, password: str, project_name: str) -> User:
    """Make the first owner and their project; the link is spent."""
    with transaction.atomic():
        link = find_setup_link(token)
        if not SignInLink.objects.usable().filter(pk=link.pk).update(uses_left=0):
            raise ConflictError("This link is being used at this moment.")
        if User.objects.filter(email=email.lower()).exists():
            raise ConflictError("There is an account with this e-mail address already.", code="email_taken")
        user = User.objects.create_user(email, password, name=name)
        slug = unused_slug(project_name)
        project = Project.objects.create(slug=slug, name=project_name)
        member = Membership.objects.create(user=user, project=project, role=Role.OWNER)
        audit_log.record(project, "project.made", subject=f"project {project.slug}", by=user)
        _record_member(member, "member.added", by=user, role=Role.OWNER)
        return user


def unused_slug(name: str) -> str:
    """A project address made from its name, numbered where taken."""
    base = slugify(name)[:50].strip("-_") or "project"
    taken = set(Project.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(s for s in (base, *(f"{base}-{i}" for i in range(2, 10_000))) if s not in taken)


def add_member(project: Project, *, email: str, name: str, role: Role, by: User | None) -> Membership:
    """Take somebody into the project; the account is made where there is none."""
    with transaction.atomic():
        user = User.objects.filter(email=email.lower()).first() or User.objects.create_user(email, name=name)
        member, is_new = Membership.objects.get_or_create(project=project, user=user, defaults={"role": role})
        if is_new and user.last_login is None:
            # A first link that another project's owner still holds must not open this project.
            SignInLink.objects.filter(user=user).update(uses_left=0)
        if is_new:
            _record_member(member, "member.added", by=by, role=role)
    if not is_new:
        raise ConflictError(f"{user.display_name} is a member already.", code="member_already")
    return member


def change_role(member: Membership, *, role: Role, by: User | None) -> None:
    """Give the member another role; the last owner stays owner."""
    with transaction.atomic():
        require_other_owner(member, unless=role == Role.OWNER)
        _set_role(member, role, by=by)


def _set_role(member: Membership, role: Role, *, by: User | None) -> None:
    """Nothing is done, and so nothing recorded, where the role is theirs already or they are gone by now."""
    rows = Membership.objects.filter(pk=member.pk).exclude(role=role)
    was = rows.select_for_update().values_list("role", flat=True).first()
    if was is not None:
        rows.update(role=role)
        _record_member(member, "member.role_changed", by=by, was=was, role=role)
    member.role = role


def remove_member(member: Membership, *, by: User | None) -> None:
    """End the membership and the project's keys that act for this person; the account and its work stay."""
    with transaction.atomic():
        require_other_owner(member)
        keys = ApiKey.objects.in_project(member.project).filter(acts_for=member.user, revoked_at=None)
        ended = list(keys.order_by("pk").values_list("prefix", flat=True))
        keys.update(revoked_at=Now())
        gone, _ = member.delete()
        if gone:
            _record_member(member, "member.removed", by=by, role=member.role, keys_revoked=ended)


def _record_member(member: Membership, act: str, *, by: User | None, **details: Any) -> None:
    audit_log.record(member.project, act, subject=audit_log.person(member.user), by=by, details=details)


def require_other_owner(member: Membership, *, unless: bool = False) -> None:
    """Refuse to leave a project without an owner. Locks the project, so that two owners cannot go at once."""
    Project.objects.select_for_update().get(pk=member.project_id)
    others = Membership.objects.in_project(member.project).filter(role=Role.OWNER).exclude(pk=member.pk)
    if not unless and member.role == Role.OWNER and not others.exists():
        raise ConflictError("A project needs an owner: make somebody else owner first.", code="last_owner")


def is_newcomer(member: Membership) -> bool:
    """Has never signed in, and belongs to this project only."""
    return Membership.objects.with_newness().filter(pk=member.pk, is_newcomer=True).exists()


def hand_over_link(member: Membership, *, by: User | None) -> str:
    """A first sign-in link for a new member, as a full address that leads to setting a password.

    Only for who has never signed in and belongs to no other project: an owner must not get into the account
    that somebody uses elsewhere.
    """
    if not is_newcomer(member):
        raise ConflictError("This person signs in on their own already.", code="not_a_newcomer")
    with transaction.atomic():
        token = make_sign_in_link(member.user)
        _record_member(member, "member.link_made", by=by)
    return enter_url(token, then=reverse("account_set_password"))
