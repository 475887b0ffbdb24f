"""API keys of client systems and people."""

import hashlib
import secrets
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now

from apps.accounts.models import ApiKey, Project, Scope, User
from apps.accounts.services import audit_log
from apps.common.errors import DomainError

KEY_PREFIX = "cs_"


def digest(secret: str) -> bytes:
    """Return the hash that is stored of a key or link. Secrets are 256 random bits, so one fast hash is enough."""
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
    """Create a key and return it with its text, which cannot be read again."""
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
        details = {"name": name, "scopes": key.scopes, "acts_for": key.acts_for_id, "expires_at": expires_at}
        audit_log.record(project, "key.made", subject=f"key {key.prefix}", by=by, details=details)
    return key, text


def find_key(text: str) -> ApiKey | None:
    """Return the usable key with this text."""
    return ApiKey.objects.usable().select_related("project", "acts_for").filter(digest=digest(text)).first()


def revoke_key(key: ApiKey, *, by: User | None) -> None:
    """End the key; the next request with it is refused."""
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now()):
            audit_log.record(key.project, "key.revoked", subject=f"key {key.prefix}", by=by, details={"name": key.name})
