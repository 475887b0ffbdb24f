"""Queries over models and their queues."""

from apps.accounts.querysets import ProjectScopedQuerySet


class MonitoredModelQuerySet(ProjectScopedQuerySet):
    pass


class ReviewQueueQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"


class ValueModelQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"
