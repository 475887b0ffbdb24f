"""Findings: written and closed by validators, followed up by engineers too."""

from datetime import date

from django.db import transaction

from apps.accounts.models import ApiKey, Membership, Role, User
from apps.accounts.services import audit_log
from apps.common.clock import database_now
from apps.common.errors import ConflictError, ForbiddenError
from apps.common.paging import keyset_page
from apps.registry.models import Finding, MonitoredModel
from apps.registry.services.follow_ups import shown, subject_of


@transaction.atomic
def write(
    model: MonitoredModel,
    title: str,
    *,
    text: str = "",
    owner: User | None = None,
    due_on: date | None = None,
    by: Membership,
    key: ApiKey | None = None,
) -> Finding:
    """Write a finding down."""
    finding = Finding.objects.create(
        model=model, title=title, text=text, owner=owner, due_on=due_on, written_by=by.user
    )
    details = {"model": model.slug, **shown(finding, ["owner", "due_on"])}
    audit_log.record(
        model.project, "finding.written", subject=subject_of(finding), by=by.user, key=key, details=details
    )
    finding.refresh_from_db()
    return finding


def close(finding: Finding, *, by: Membership, key: ApiKey | None = None) -> None:
    """Close a finding. Those who have to put things right do not say that they are right."""
    _check_may_close(by)
    _change(finding, "finding.closed", by=by, key=key, closed_at=database_now(), closed_by=by.user)


def reopen(finding: Finding, *, by: Membership, key: ApiKey | None = None) -> None:
    """Open a closed finding again."""
    _check_may_close(by)
    _change(finding, "finding.reopened", by=by, key=key, closed_at=None, closed_by=None)


def may_close(member: Membership) -> bool:
    return member.role in {Role.VALIDATOR, Role.OWNER}


def _check_may_close(member: Membership) -> None:
    if not may_close(member):
        raise ForbiddenError("A validator or an owner closes findings.", code="role_missing")


@transaction.atomic
def _change(finding: Finding, act: str, *, by: Membership, key: ApiKey | None, **fields: object) -> None:
    rows = Finding.objects.filter(pk=finding.pk, closed_at__isnull=act == "finding.closed")
    if not rows.update(**fields):
        is_open = act == "finding.reopened"
        raise ConflictError(f"This finding is already {'open' if is_open else 'closed'}.", code="finding_unchanged")
    details = {"model": finding.model.slug}
    audit_log.record(finding.model.project, act, subject=subject_of(finding), by=by.user, key=key, details=details)


def page(
    model: MonitoredModel, *, state: str, limit: int, cursor: int | None = None
) -> tuple[list[Finding], int | None]:
    """Return up to `limit` findings, newest first, and the cursor of the next page; None at the end."""
    chosen = model.findings.in_state(state)
    older = chosen if cursor is None else chosen.filter(id__lt=cursor)
    return keyset_page(older.with_people().order_by("-id"), limit=limit)
