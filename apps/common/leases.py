"""Leases: who works on a row, and until when. Reviewers and workers share this mechanism.

A claim takes rows with `FOR UPDATE SKIP LOCKED` and gives them a token and an expiry on the database's clock. Writing
back requires that the row still has that token. An expired token stays valid until someone else claims the row.
"""

from datetime import timedelta
from typing import Any, Self
from uuid import UUID, uuid4

from django.db import models, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from apps.common.errors import LeaseLostError

LOST = "Someone else holds this now."
RELEASED: dict[str, Any] = {"lease_token": None, "lease_expires_at": None}


class LeaseQuerySet(QuerySet[Any]):
    """Rows that one holder at a time works on."""

    def unleased(self) -> Self:
        """Return rows without a holder, and those whose lease has expired."""
        return self.filter(Q(lease_expires_at=None) | Q(lease_expires_at__lt=Now()))

    def claim(self, *, seconds: int, limit: int = 1, **changes: Any) -> list[Any]:
        """Claim up to `limit` unleased rows in this set's order, all under one new token."""
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
            rows = self.model._default_manager.in_bulk(keys)
            return [rows[key] for key in keys]

    def held(self, token: UUID | None) -> Self:
        """Return rows that still have this token, expired or not."""
        return self.filter(lease_token=token, lease_token__isnull=False)


class Leased(models.Model):
    """A row that can have a holder."""

    lease_token = models.UUIDField(null=True, editable=False)
    lease_expires_at = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        abstract = True

    def heartbeat(self, *, seconds: int) -> None:
        """Extend the lease to `seconds` from now. Raises LeaseLostError."""
        if not self._own().update(lease_expires_at=Now() + timedelta(seconds=seconds)):
            raise LeaseLostError(LOST)

    def fenced_update(self, **changes: Any) -> None:
        """Write the changes if the lease is still ours. Otherwise write nothing and raise LeaseLostError."""
        if not self._own().update(**changes):
            raise LeaseLostError(LOST)
        for name, value in changes.items():
            setattr(self, name, value)

    def _own(self) -> QuerySet[Any]:
        return type(self)._default_manager.filter(pk=self.pk, lease_token=self.lease_token)
