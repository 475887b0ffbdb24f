"""Filters of a model's cases that a person keeps under a name."""

from django.db.models import QuerySet

from apps.accounts.models import User
from apps.common.errors import ConflictError
from apps.registry.models import MonitoredModel
from apps.review.models import SavedView

MOST = 50


def of_person(model: MonitoredModel, user: User) -> QuerySet[SavedView]:
    """Return the person's views of the model's cases, by name."""
    return SavedView.objects.filter(model=model, user=user).order_by("name")


def save(model: MonitoredModel, user: User, *, name: str, query: str) -> SavedView:
    """Keep the filters under this name, in place of others of that name. Raises ConflictError beyond the most."""
    mine = of_person(model, user)
    if mine.exclude(name=name).count() >= MOST:
        raise ConflictError(f"You can keep {MOST} views of a model. Delete one first.", code="too_many_views")
    view, _ = SavedView.objects.update_or_create(model=model, user=user, name=name, defaults={"query": query})
    return view


def forget(model: MonitoredModel, user: User, *, name: str) -> None:
    """Delete the view of this name; nothing happens if there is none."""
    of_person(model, user).filter(name=name).delete()
