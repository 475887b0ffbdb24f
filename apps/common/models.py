"""The heartbeat that tells `/readyz` that a worker is alive."""

from datetime import timedelta
from typing import Any, Self

from django.db import models
from django.db.models.functions import Now


class HeartbeatQuerySet(models.QuerySet[Any]):
    def beat(self, name: str) -> None:
        """Record that `name` is alive now, on the database's clock."""
        self.update_or_create(name=name, defaults={"seen_at": Now()})

    def alive(self, *, within_seconds: int) -> Self:
        return self.filter(seen_at__gte=Now() - timedelta(seconds=within_seconds))


class Heartbeat(models.Model):
    """The time at which a worker was last alive."""

    name = models.CharField(max_length=200, primary_key=True)
    seen_at = models.DateTimeField()

    objects = HeartbeatQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name
