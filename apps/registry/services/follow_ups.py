"""Following up incidents and findings: an owner, a due date, the cause, the action, and whether it helped."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from apps.accounts.models import ApiKey, Membership, Project, Role, User
from apps.accounts.services import audit_log
from apps.common.errors import DomainError
from apps.registry.models import Finding, Incident

FIELDS = ("owner", "due_on", "cause", "action", "helped")
# Who may be asked to see to something: whoever reads it.
ROLES = [role for role in Role if role.reads(Role.ENGINEER)]


def possible_owners(project: Project) -> QuerySet[Membership]:
    """Return the members who can own a finding or an incident."""
    known = Membership.objects.in_project(project).filter(user__is_active=True, role__in=ROLES)
    return known.select_related("user").order_by("user__name", "user__email")


def owner_of(project: Project, email: str) -> User:
    """Return the member with this address. Raises DomainError where there is none, or their role reads too little."""
    member = possible_owners(project).filter(user__email__iexact=email).first()
    if member is None:
        raise DomainError(
            f"{email} cannot own this: owners are validators, engineers or owners of the project.", code="unknown_owner"
        )
    return member.user


@transaction.atomic
def follow_up(
    row: Incident | Finding, changes: Mapping[str, Any], *, by: User | None, key: ApiKey | None = None
) -> None:
    """Store what has changed, and record who changed what. The audit record holds no text of people."""
    row = type(row).objects.select_for_update(of=("self",)).get(pk=row.pk)
    changed = [name for name in FIELDS if name in changes and getattr(row, name) != changes[name]]
    if not changed:
        return
    for name in changed:
        setattr(row, name, changes[name])
    row.save(update_fields=changed)
    act = f"{row._meta.model_name}.followed"
    details = {"model": row.model.slug, "changed": changed, **shown(row, changed)}
    audit_log.record(row.model.project, act, subject=subject_of(row), by=by, key=key, details=details)


def subject_of(row: Incident | Finding) -> str:
    return f"{row._meta.model_name} {row.pk}"


def shown(row: Incident | Finding, names: list[str]) -> dict[str, Any]:
    """Return what the record keeps of these fields: who, until when, and whether it helped."""
    kept: dict[str, Any] = {}
    if "owner" in names:
        kept["owner"] = f"person {row.owner_id}" if row.owner_id else None
    if "due_on" in names:
        kept["due_on"] = row.due_on.isoformat() if isinstance(row.due_on, date) else None
    if "helped" in names:
        kept["helped"] = row.helped
    return kept
