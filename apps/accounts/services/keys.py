"""API keys of client systems and people."""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Least, Now
from django.utils import timezone

from apps.accounts.models import ApiKey, Membership, Project, Scope, User
from apps.accounts.querysets import RESOLUTION
from apps.accounts.services import audit_log
from apps.common.errors import ConflictError, DomainError

KEY_PREFIX = "cs_"
LIFETIME = timedelta(days=365)
# How long a replaced key goes on working.
OVERLAP = timedelta(hours=24)


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
    lifetime: timedelta | None = LIFETIME,
) -> tuple[ApiKey, str]:
    """Create a key and return it with its text, which cannot be read again. Without a lifetime it never expires."""
    unknown = sorted(set(scopes) - {str(scope) for scope in Scope})
    if unknown or not scopes:
        raise DomainError(f"Unknown scopes: {', '.join(unknown) or 'none given'}.", code="unknown_scope")
    people = Membership.objects.in_project(project).filter(user__is_active=True)
    if acts_for is not None and not people.filter(user=acts_for).exists():
        raise DomainError(f"{acts_for.display_name} is not an active member of the project.", code="not_a_member")
    text = KEY_PREFIX + secrets.token_urlsafe(32)
    expires_at = timezone.now() + lifetime if lifetime is not None else None
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
    """Return the usable key with this text. A key ends with the account or the membership of its person."""
    key = ApiKey.objects.usable().of_living_people().filter(digest=digest(text)).first()
    if key is not None and key.acts_for is not None and key.membership is not None:
        # One query has loaded all of them.
        key.membership.user, key.membership.project = key.acts_for, key.project
    return key


def note_use(key: ApiKey) -> None:
    """Write when the key was last used. Within a minute of the last time, this costs no query."""
    if key.last_used_at is None or key.last_used_at < timezone.now() - RESOLUTION:
        ApiKey.objects.filter(pk=key.pk).note_use()


def rotate_key(key: ApiKey, *, by: User | None, overlap: timedelta = OVERLAP) -> tuple[ApiKey, str]:
    """Replace the key by one with the same name, scopes, person and lifetime; the old one ends after `overlap`."""
    lifetime = key.expires_at - key.created_at if key.expires_at else None
    with transaction.atomic():
        row = ApiKey.objects.usable().filter(pk=key.pk, replaced_at=None)
        if not row.update(replaced_at=Now(), expires_at=Least("expires_at", Now() + overlap)):
            raise ConflictError("This key has ended, or has been replaced already.", code="key_ended")
        new, text = create_key(
            key.project, name=key.name, scopes=key.scopes, by=by, acts_for=key.acts_for, lifetime=lifetime
        )
        key.refresh_from_db(fields=["replaced_at", "expires_at"])
        details = {"name": key.name, "new": new.prefix, "expires_at": key.expires_at}
        audit_log.record(key.project, "key.rotated", subject=f"key {key.prefix}", by=by, details=details)
    return new, text


def revoke_key(key: ApiKey, *, by: User | None) -> None:
    """End the key; the next request with it is refused."""
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now()):
            audit_log.record(key.project, "key.revoked", subject=f"key {key.prefix}", by=by, details={"name": key.name})
