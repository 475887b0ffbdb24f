"""Recording what people and keys administer."""

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
    """An entry of what `by` did in the project, or `key` in their name or nobody's; call it last in the transaction.

    Details that say nothing are left out.
    """
    told = {name: value for name, value in (details or {}).items() if value not in (None, "", [])}
    if key is not None:
        told["key"] = key.prefix
    return audit.record(project=project.pk, actor=by.pk if by else None, act=act, subject=subject, details=told)


def person(user: User) -> str:
    """A person as the record names them. Names are looked up when it is read, so that they can be erased."""
    return f"person {user.pk}"
