"""Queries over drafts."""

from typing import Self

from apps.accounts.querysets import ProjectScopedQuerySet


class DraftQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def proposed(self) -> Self:
        """Keep what waits for a second person, oldest first."""
        return self.filter(proposed_at__isnull=False).order_by("proposed_at")
