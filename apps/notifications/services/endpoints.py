"""The endpoints of a project: who is told, and what is told again. The audit record keeps every act."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from apps.accounts.models import Project, User
from apps.accounts.services import audit_log
from apps.common import doorbell, egress
from apps.common.errors import ConflictError
from apps.common.leases import RELEASED
from apps.notifications.models import Delivery, Endpoint, Event, Form
from apps.notifications.services import signing
from apps.notifications.services.telling import BELL

MOST = 20
MOST_AGAIN = 100_000


def create(project: Project, *, url: str, kinds: list[str], by: User, form: str = Form.EVENT) -> Endpoint:
    """Tell an address of these kinds of events from now on. Raises RefusedAddressError."""
    # Its name is resolved before the transaction begins: that may take seconds.
    egress.check(url)
    return _create(project, url=url, kinds=kinds, form=form, by=by)


@transaction.atomic
def _create(project: Project, *, url: str, kinds: list[str], form: str, by: User) -> Endpoint:
    if Endpoint.objects.in_project(project).count() >= MOST:
        raise ConflictError(f"A project has at most {MOST} endpoints.", code="too_many")
    fields = {"kinds": kinds, "form": form, "secret": signing.new_secret(), "created_by": by}
    made, is_new = Endpoint.objects.get_or_create(project=project, url=url, defaults=fields)
    if not is_new:
        raise ConflictError("This address is an endpoint already.", code="endpoint_exists")
    _log(made, "endpoint.created", by=by, kinds=kinds)
    return made


@transaction.atomic
def remove(endpoint: Endpoint, *, by: User) -> None:
    """Forget an endpoint and all that it has not got."""
    _log(endpoint, "endpoint.removed", by=by)
    endpoint.delete()


@transaction.atomic
def pause(endpoint: Endpoint, *, by: User) -> None:
    """Send nothing until it is resumed; what happens meanwhile waits."""
    if Endpoint.objects.active().filter(pk=endpoint.pk).update(paused_at=Now()):
        _log(endpoint, "endpoint.paused", by=by)


@transaction.atomic
def resume(endpoint: Endpoint, *, by: User) -> None:
    paused = Endpoint.objects.filter(pk=endpoint.pk, paused_at__isnull=False)
    if paused.update(paused_at=None, failures=0, retry_at=None):
        _log(endpoint, "endpoint.resumed", by=by)
        doorbell.ring_on_commit(BELL)


@transaction.atomic
def send_again(endpoint: Endpoint, deliveries: QuerySet[Delivery], *, by: User) -> int:
    """Send these of its deliveries once more, with the same keys. Returns how many."""
    rows = deliveries.filter(endpoint=endpoint, lease_token=None)
    again = rows.update(attempts=0, next_try_at=Now(), delivered_at=None, failed_at=None, **RELEASED)
    return _again(endpoint, again, by=by)


@transaction.atomic
def replay(endpoint: Endpoint, events: QuerySet[Event], *, by: User) -> int:
    """Send these events, whether it got them before or not: the first MOST_AGAIN. Returns how many."""
    wanted = events.filter(model__project=endpoint.project_id, kind__in=endpoint.kinds).order_by("pk")[:MOST_AGAIN]
    rows = [Delivery(event=event, endpoint=endpoint, subject=event.prediction_id) for event in wanted]
    fresh: dict[str, Any] = {"update_conflicts": True, "unique_fields": ["endpoint", "event"]}
    fields = ["attempts", "next_try_at", "delivered_at", "failed_at"]
    for row in rows:
        row.next_try_at = Now()
    Delivery.objects.bulk_create(rows, batch_size=1_000, update_fields=fields, **fresh)
    return _again(endpoint, len(rows), by=by)


def _again(endpoint: Endpoint, count: int, *, by: User) -> int:
    if count:
        Endpoint.objects.filter(pk=endpoint.pk).update(retry_at=None)
        _log(endpoint, "endpoint.sent_again", by=by, events=count)
        doorbell.ring_on_commit(BELL)
    return count


def _log(endpoint: Endpoint, act: str, *, by: User, **details: Any) -> None:
    audit_log.record(endpoint.project, act, subject=f"endpoint {endpoint.url}", by=by, details=details)
