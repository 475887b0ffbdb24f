"""Leases: who works on a row, until when. One mechanism for reviewers and for workers.

A row is claimed with `FOR UPDATE SKIP LOCKED`, gets a token and an expiry on the database's clock, and is
written back only while the token is still its own. An expired token that nobody has claimed since is good.
"""

from datetime import timedelta
from typing import Any, Self
from uuid import UUID, uuid4

from django.db import models, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from apps.common.errors import LeaseLostError


class LeaseQuerySet(QuerySet[Any]):
    """Rows that one holder at a time works on."""

    def unleased(self) -> Self:
        """Nobody holds them, or the holder's time is up."""
        return self.filter(Q(lease_expires_at=None) | Q(lease_expires_at__lt=Now()))

    def claim(self, *, seconds: int, limit: int = 1, **changes: Any) -> list[Any]:
        """Take up to `limit` unleased rows in this set's order; all get the same fresh token."""
        with transaction.atomic():
            unleased = self.unleased().select_for_update(skip_locked=True, of=("self",))
            keys = list(unleased.values_list("pk", flat=True)[:limit])
            if keys:
                self.model._default_manager.filter(pk__in=keys).update(
                    lease_token=uuid4(),
                    lease_expires_at=Now() + timedelta(seconds=seconds),
                    attempts=F("attempts") + 1,
                    **changes,
                )
            found = self.model._default_manager.in_bulk(keys)
            return [found[key] for key in keys]

    def held(self, token: UUID | None) -> Self:
        """Those that still carry this token, expired or not."""
        return self.filter(lease_token=token, lease_token__isnull=False)


class Leased(models.Model):
    """A row with a holder."""

    lease_token = models.UUIDField(null=True, editable=False)
    lease_expires_at = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        abstract = True

    def heartbeat(self, *, seconds: int) -> None:
        """Hold on for `seconds` more from now."""
        kept = self._own().update(lease_expires_at=Now() + timedelta(seconds=seconds))
        if not kept:
            raise LeaseLostError("Somebody else holds this by now.")

    def fenced_update(self, **changes: Any) -> None:
        """Write back only while the lease is still ours; otherwise nothing is written."""
        if not self._own().update(**changes):
            raise LeaseLostError("Somebody else holds this by now.")
        for name, value in changes.items():
            setattr(self, name, value)

    def _own(self) -> QuerySet[Any]:
        return type(self)._default_manager.filter(pk=self.pk, lease_token=self.lease_token)


RELEASED: dict[str, Any] = {"lease_token": None, "lease_expires_at": None}
