"""Members of projects and their roles."""

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from apps.accounts.models import ApiKey, Membership, Project, Role, User
from apps.accounts.services import audit_log
from apps.common import doorbell
from apps.common.errors import ConflictError


def ensure_member(
    project_slug: str, *, email: str, role: Role, name: str = "", is_simulated: bool = False
) -> Membership:
    """Return the person's membership in the project, creating project, person and membership where missing.

    An existing membership keeps its role.
    """
    with transaction.atomic():
        project, is_project_new = Project.objects.get_or_create(
            slug=project_slug, defaults={"name": project_slug.replace("-", " ").capitalize()}
        )
        if is_project_new:
            audit_log.record(project, "project.made", subject=f"project {project.slug}", by=None)
        user = User.objects.filter(email=email.lower()).first()
        if user is None:
            user = User.objects.create_user(email, name=name, is_simulated=is_simulated)
        member, is_new = Membership.objects.get_or_create(project=project, user=user, defaults={"role": role})
        if is_new:
            record_member(member, "member.added", by=None, role=role)
        return member


def change_role(member: Membership, *, role: Role, by: User | None) -> None:
    """Give the member another role; the last owner stays owner. Whoever has it already or has left is left alone."""
    with transaction.atomic():
        require_other_owner(member, unless=role == Role.OWNER)
        rows = Membership.objects.filter(pk=member.pk).exclude(role=role)
        was = rows.select_for_update().values_list("role", flat=True).first()
        if was is not None:
            rows.update(role=role)
            record_member(member, "member.role_changed", by=by, was=was, role=role)
    member.role = role


def remove_member(member: Membership, *, by: User | None) -> None:
    """End the membership and the project's keys that act for this person; the account and its work stay."""
    with transaction.atomic():
        require_other_owner(member)
        keys = ApiKey.objects.in_project(member.project).filter(acts_for=member.user, revoked_at=None)
        revoked = list(keys.order_by("pk").values_list("prefix", flat=True))
        keys.update(revoked_at=Now())
        deleted, _ = member.delete()
        if deleted:
            # What waits for the person goes back to others.
            doorbell.ring_on_commit("open_items")
            record_member(member, "member.removed", by=by, role=member.role, keys_revoked=revoked)


def close_account(user: User, *, by: User | None) -> None:
    """Let nobody sign in to the account, nor use its keys. Memberships and work stay."""
    with transaction.atomic():
        memberships = list(Membership.objects.filter(user=user).select_related("project", "user").order_by("project"))
        for member in memberships:
            require_other_owner(member)
        if User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
            # What waits for the person goes back to others.
            doorbell.ring_on_commit("open_items")
            for member in memberships:
                record_member(member, "member.account_closed", by=by, role=member.role)


def record_member(member: Membership, act: str, *, by: User | None, **details: Any) -> None:
    """Write what happened to a member into the audit record."""
    audit_log.record(member.project, act, subject=audit_log.person(member.user), by=by, details=details)


def require_other_owner(member: Membership, *, unless: bool = False) -> None:
    """Refuse to leave a project without an owner. Locks the project: two owners cannot leave at once."""
    Project.objects.select_for_update(no_key=True).get(pk=member.project_id)
    others = Membership.objects.in_project(member.project).with_role_at_least(Membership.RANKS[Role.OWNER])
    others = others.exclude(pk=member.pk)
    if not unless and member.role == Role.OWNER and not others.exists():
        raise ConflictError("A project needs an owner: make somebody else owner first.", code="last_owner")


def may_help(owner: User, person: User) -> bool:
    """Whether every project of the person is the owner's too: an owner must not get into an account used elsewhere."""
    return Membership.objects.filter(user=person).all_owned_by(owner).exists()
