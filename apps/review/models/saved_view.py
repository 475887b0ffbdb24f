"""Filters that people keep."""

from django.db import models

from apps.accounts.models import User
from apps.registry.models import MonitoredModel


class SavedView(models.Model):
    """A person's filters of a model's cases, under a name of their own."""

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    # The query string of the list.
    query = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "user", "name"], name="one_view_per_name")]

    def __str__(self) -> str:
        return self.name
