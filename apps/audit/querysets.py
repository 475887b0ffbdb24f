"""Queries over the audit record."""

from typing import Any, Self

from django.db.models import QuerySet


class EntryQuerySet(QuerySet[Any]):
    def of(self, project: int) -> Self:
        """Entries of this project."""
        return self.filter(project_id=project)

    def newest(self) -> Self:
        return self.order_by("-number")

    def acts_and_actors(self) -> list[tuple[str, int | None]]:
        """Return each pair of act and actor once."""
        return list(self.order_by().values_list("act", "actor_id").distinct())
