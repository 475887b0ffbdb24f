"""Archiving models, restoring them, and deleting those that hold nothing."""

from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.models import ApiKey, Project, User
from apps.accounts.services import audit_log
from apps.accounts.services.access import get_or_404
from apps.common.errors import ConflictError
from apps.common.paging import keyset_page
from apps.registry.models import MonitoredModel

ARCHIVED = "This model is archived: it takes no rows, hands out no cases and gets no reports. Restore it first."


def require_active(model: MonitoredModel) -> None:
    """Raise ConflictError for an archived model."""
    if model.archived_at is not None:
        raise ConflictError(ARCHIVED, code="model_archived")


def page(
    project: Project, *, state: str, limit: int, cursor: int | None = None
) -> tuple[list[MonitoredModel], int | None]:
    """Return up to `limit` models, newest first, and the cursor of the next page; None at the end."""
    models = MonitoredModel.objects.in_project(project)
    chosen = {"active": models.active, "archived": models.archived, "all": models.all}[state]()
    older = chosen if cursor is None else chosen.filter(id__lt=cursor)
    return keyset_page(older.order_by("-id"), limit=limit)


@transaction.atomic
def archive(model: MonitoredModel, *, by: User | None, key: ApiKey | None = None) -> MonitoredModel:
    """Put the model away: no pushes, draws or reports, and its queues pause. All that it holds stays readable."""
    locked = _locked(model)
    if locked.archived_at is None:
        locked.archived_at = timezone.now()
        locked.save(update_fields=["archived_at"])
        locked.own_queues.filter(paused_at=None).update(paused_at=locked.archived_at)
        audit_log.record(locked.project, "model.archived", subject=f"model {locked.slug}", by=by, key=key)
    return locked


@transaction.atomic
def restore(model: MonitoredModel, *, by: User | None, key: ApiKey | None = None) -> MonitoredModel:
    """Put the model to work again, with the queues that archiving paused. Batches that waited go on."""
    locked = _locked(model)
    if locked.archived_at is not None:
        locked.own_queues.filter(paused_at=locked.archived_at).update(paused_at=None)
        locked.archived_at = None
        locked.save(update_fields=["archived_at"])
        audit_log.record(locked.project, "model.restored", subject=f"model {locked.slug}", by=by, key=key)
    return locked


@transaction.atomic
def delete(model: MonitoredModel, *, by: User | None, key: ApiKey | None = None) -> None:
    """Delete a model without predictions, outcomes (parked ones included) and decisions. Raises ConflictError."""
    locked = _locked(model)
    details = {"model": locked.pk}
    subject = f"model {locked.slug}"
    # The database erases only what an entry of the same transaction announces.
    entry = audit_log.record(locked.project, "model.deleted", subject=subject, by=by, key=key, details=details)
    with connection.cursor() as cursor:
        cursor.execute("SELECT erase(%s)", [entry.pk])
        (held,) = cursor.fetchone()
    if held is not None:
        raise ConflictError(f"This model holds {held}, which are kept. Archive it instead.", code="model_not_empty")
    locked.delete()


def _locked(model: MonitoredModel) -> MonitoredModel:
    """Return the model as it is now. Deleting locks against everybody, so that no push can refer to it meanwhile."""
    rows = MonitoredModel.objects.select_related("project").select_for_update(of=("self",))
    locked: MonitoredModel = get_or_404(rows, pk=model.pk)
    return locked
