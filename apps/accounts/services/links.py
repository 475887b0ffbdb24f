"""One-time links: to sign in, and to set the installation up."""

import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.text import slugify

from apps.accounts.models import Membership, Project, Role, SignInLink, User
from apps.accounts.services import audit_log
from apps.accounts.services.keys import digest
from apps.accounts.services.members import may_help, record_member
from apps.common.errors import ConflictError, NotFoundError


def new_secret() -> str:
    """Return the secret of a link. Only its digest is stored."""
    return secrets.token_urlsafe(32)


def make_sign_in_link(
    user: User | None, *, uses: int = 1, hours: int = 24, asks_password: bool = False, made_by: User | None = None
) -> str:
    """Return the secret of a new link that signs `user` in or, with None, makes the first owner."""
    token = new_secret()
    SignInLink.objects.create(
        user=user,
        digest=digest(token),
        uses_left=uses,
        expires_at=timezone.now() + timedelta(hours=hours),
        asks_password=asks_password,
        made_by=made_by,
    )
    return token


def enter_url(token: str, *, then: str = "") -> str:
    """Return the full address of a sign-in link, which leads on to the path `then`."""
    return f"{settings.BASE_URL}/enter/{token}/" + (f"?next={settings.PATH}{then}" if then else "")


def invitation_url(token: str) -> str:
    """Return the full address of an invitation's link."""
    return f"{settings.BASE_URL}/invitation/{token}/"


def setup_url(token: str) -> str:
    """Return the full address of the first owner's link."""
    return f"{settings.BASE_URL}/setup/{token}/"


def find_sign_in_link(token: str) -> SignInLink:
    """Return the usable link with this secret. Looking at it spends nothing."""
    links = SignInLink.objects.usable().filter(digest=digest(token), user__is_active=True)
    link: SignInLink | None = links.select_related("user", "made_by").first()
    if link is None or (link.made_by is not None and not may_help(link.made_by, link.person)):
        raise NotFoundError("This sign-in link is used up or too old. Ask for a new one.")
    return link


def redeem_sign_in_link(token: str, *, password: str = "") -> User:
    """Spend one use of a sign-in link, and return its person, with their new password where the link asks for one."""
    with transaction.atomic():
        person = find_sign_in_link(token).person
        # Until the commit, nobody else redeems a link of this person, and they join no project. So look again.
        User.objects.select_for_update().get(pk=person.pk)
        link = find_sign_in_link(token)
        SignInLink.objects.filter(pk=link.pk).update(uses_left=F("uses_left") - 1)
        if link.asks_password:
            link.person.set_password(password)
            link.person.save(update_fields=["password"])
        return link.person


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
    """Spend the setup link, and make the first owner of the project with this name, which may exist already.

    An account that a command made for scripts, and that nobody has used, becomes the owner's.
    """
    with transaction.atomic():
        # Lock all setup links: of two people with a link each, one becomes the first owner.
        setup_links = SignInLink.objects.filter(user=None)
        list(setup_links.order_by("pk").select_for_update())
        find_setup_link(token)
        user = User.objects.filter(email=email.lower()).first() or User(email=email.lower())
        if user.pk and not (user.is_active and user.last_login is None and not user.has_usable_password()):
            raise ConflictError("An account with this e-mail address already exists.", code="email_taken")
        setup_links.update(uses_left=0)
        user.name = name
        user.set_password(password)
        user.save()
        project = Project.objects.filter(name=project_name).order_by("pk").first()
        if project is None:
            project = Project.objects.create(slug=unused_slug(project_name), name=project_name)
            audit_log.record(project, "project.made", subject=f"project {project.slug}", by=user)
        member, _ = Membership.objects.update_or_create(user=user, project=project, defaults={"role": Role.OWNER})
        record_member(member, "member.added", by=user, role=Role.OWNER)
        return user


def projects_without_owner() -> list[str]:
    """Return the names of the projects that scripts have made, for their first owner. There is no owner yet."""
    return list(Project.objects.order_by("pk").values_list("name", flat=True))


def unused_slug(name: str) -> str:
    """Return a project's slug made from its name, with a number where the plain one is taken."""
    base = slugify(name)[:50].strip("-_") or "project"
    taken = set(Project.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for slug in (base, *(f"{base}-{number}" for number in range(2, 10_000))) if slug not in taken)
