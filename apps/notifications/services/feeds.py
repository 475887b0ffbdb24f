"""What people and programs read of the events: one model's in their order, and what an endpoint was sent."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from apps.accounts.models import Project, User
from apps.common.paging import keyset_page
from apps.notifications.models import Delivery, Endpoint, Event
from apps.notifications.querysets import STATES
from apps.notifications.services.delivering import document
from apps.predictions.services import sightings
from apps.predictions.services.sightings import Place
from apps.registry.models import MonitoredModel
from apps.review.models import Slot

PAGE = 1_000

Told = dict[str, Any]


def read(model: MonitoredModel, *, after: int, limit: int, reader: User | None) -> tuple[list[Told], int]:
    """Return up to `limit` events with a number above `after`, and the number after which to read on.

    A person who reads them has seen the cases.
    """
    events, _ = keyset_page(Event.objects.filter(model=model, seq__gt=after).order_by("seq"), limit=limit)
    if reader is not None:
        sightings.note([each.prediction_id for each in events if each.prediction_id], reader, Place.LIST)
    told = [{"key": str(each.key), **document(each)} for each in events]
    return told, events[-1].seq if events else after


@dataclass(frozen=True)
class Wanted:
    """Which deliveries to list; empty: any."""

    state: str = ""
    kind: str = ""
    case: str = ""


def deliveries(endpoint: Endpoint, wanted: Wanted, *, reader: User) -> QuerySet[Delivery]:
    """Select deliveries, newest first, without cases that the person has yet to judge blind."""
    rows = Delivery.objects.filter(STATES.get(wanted.state, Q()), endpoint=endpoint)
    if wanted.kind:
        rows = rows.filter(event__kind=wanted.kind)
    if wanted.case:
        rows = rows.filter(event__prediction__external_id=wanted.case)
    awaited = Slot.objects.filter(reviewer=reader, queue__model__project=endpoint.project_id).to_judge_blind()
    rows = rows.exclude(subject__in=awaited.values("item__prediction"))
    return rows.select_related("event__model", "event__prediction", "event__report").order_by("-event_id")


def note_shown(rows: list[Delivery], *, reader: User) -> None:
    """Note that the person sees the cases of these deliveries."""
    sightings.note([each.subject for each in rows if each.subject], reader, Place.LIST)


def counts(project: Project) -> dict[int, dict[str, int]]:
    """Count, by endpoint, the deliveries in each state."""
    rows = Delivery.objects.filter(endpoint__project=project).order_by().values("endpoint")
    counted = rows.annotate(**{state: Count("pk", filter=condition) for state, condition in STATES.items()})
    return {row.pop("endpoint"): row for row in counted}
