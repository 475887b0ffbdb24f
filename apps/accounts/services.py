"""Making people, projects, keys and links."""

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.text import slugify

from apps.accounts.models import ApiKey, Membership, Project, Role, Scope, SignInLink, User
from apps.common.errors import ConflictError, DomainError, NotFoundError

KEY_PREFIX = "cs_"


def digest(secret: str) -> bytes:
    """What is kept of a key or link. The secrets are 256 random bits, so one fast hash is enough."""
    return hashlib.sha256(secret.encode()).digest()


def create_key(
    project: Project, *, name: str, scopes: list[str], acts_for: User | None = None, expires_at: object = None
) -> tuple[ApiKey, str]:
    """A new key and its text, which cannot be had again."""
    unknown = sorted(set(scopes) - {str(scope) for scope in Scope})
    if unknown or not scopes:
        raise DomainError(f"Unknown scopes: {', '.join(unknown) or 'none given'}.", code="unknown_scope")
    text = KEY_PREFIX + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        project=project,
        name=name,
        prefix=text[:10],
        digest=digest(text),
        scopes=sorted(set(scopes)),
        acts_for=acts_for,
        expires_at=expires_at,
    )
    return key, text


def find_key(text: str) -> ApiKey | None:
    """The usable key with this text."""
    return ApiKey.objects.usable().select_related("project", "acts_for").filter(digest=digest(text)).first()


def revoke_key(key: ApiKey) -> None:
    """From now on it opens nothing."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now())


def ensure_member(project_slug: str, *, email: str, role: Role, name: str = "", is_simulated: bool = False) -> Membership:
    """The person's membership in the project; project, person and membership are made where missing."""
    with transaction.atomic():
        project, _ = Project.objects.get_or_create(slug=project_slug, defaults={"name": project_slug.replace("-", " ").capitalize()})
        user = User.objects.filter(email=email.lower()).first()
        if user is None:
            user = User.objects.create_user(email, name=name, is_simulated=is_simulated)
        member, _ = Membership.objects.update_or_create(project=project, user=user, defaults={"role": role})
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
    assert link.user is not None
    return link.user


def find_setup_link(token: str) -> SignInLink:
    """The unused link of the first owner."""
    link = SignInLink.objects.usable().filter(digest=digest(token), user=None).first()
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
        Membership.objects.create(user=user, project=project, role=Role.OWNER)
        return user


def unused_slug(name: str) -> str:
    """A project address made from its name, numbered where taken."""
    base = slugify(name)[:50].strip("-_") or "project"
    taken = set(Project.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(s for s in (base, *(f"{base}-{i}" for i in range(2, 10_000))) if s not in taken)
