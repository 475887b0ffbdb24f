"""Queries over the record."""

from typing import Any, Self

from django.db.models import QuerySet


class EntryQuerySet(QuerySet[Any]):
    def of(self, project: int) -> Self:
        """What was done in this project."""
        return self.filter(project_id=project)

    def newest(self) -> Self:
        return self.order_by("-number")
