"""Entries in the audit record, in the name of people and keys."""

from typing import Any

from apps.accounts.models import ApiKey, Project, User
from apps.audit import services as audit
from apps.audit.models import Entry


def record(
    project: Project,
    act: str,
    *,
    subject: str,
    by: User | None,
    key: ApiKey | None = None,
    details: dict[str, Any] | None = None,
) -> Entry:
    """Record what `by` did in the project, or what `key` did in their name or nobody's.

    Call it last in the transaction. Empty details are left out.
    """
    given = {name: value for name, value in (details or {}).items() if value not in (None, "", [], {})}
    if key is not None:
        given["key"] = key.prefix
    return audit.record(project=project.pk, actor=by.pk if by else None, act=act, subject=subject, details=given)


def person(user: User) -> str:
    """Return how the record refers to a person. It holds no names, so that these can be erased."""
    return f"person {user.pk}"
