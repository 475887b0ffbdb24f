"""Queries over model files."""

from typing import Any, Self

from django.db.models import QuerySet


class ArtifactQuerySet(QuerySet[Any]):
    def in_force(self) -> Self:
        """Files that no other file of their version has replaced."""
        return self.filter(replaced_at=None)

    def ready(self) -> Self:
        """Files in force that reproduce stored scores."""
        return self.in_force().filter(state="ready")
