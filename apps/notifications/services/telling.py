"""From the record of truth and the reports to events: each change that another system may act on, once.

Events are derived from rows that never change, so that telling again gives the same events with the same keys.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from apps.common import doorbell
from apps.common.isolation import one_by_one
from apps.notifications.models import Alert, Delivery, Endpoint, Event, EventKind, Feed
from apps.notifications.querysets import AlertQuerySet
from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel
from apps.reports.models import Report
from apps.review.models import Dispute, ReviewItem, Slot
from apps.truth.models import Ledger

PAGE = 20_000
NAMESPACE = uuid5(NAMESPACE_URL, "countersign:event")
BELL = "deliver"

# The next rows of the record, each with what was known before it.
CHANGES = """
WITH page AS (
    SELECT * FROM truth_resolution
    WHERE model_id = %(model)s AND (seq, id) > (%(seq)s, %(id)s) AND seq <= %(until)s
    ORDER BY seq, id LIMIT %(limit)s
)
SELECT
    page.id, page.seq, page.prediction_id, page.resolved_at, page.outcome, page.occurred_at,
    page.label, page.is_adjudication_chosen, page.adjudicated,
    before.outcome, before.label, coalesce(before.is_adjudication_chosen, false), before.adjudicated
FROM page
LEFT JOIN LATERAL (
    SELECT * FROM truth_resolution
    WHERE prediction_id = page.prediction_id AND seq < page.seq ORDER BY seq DESC LIMIT 1
) AS before ON true
ORDER BY page.seq, page.id
"""


@dataclass(frozen=True)
class Known:
    """What was known of a prediction at one number of the record."""

    outcome: float | None
    label: float | None
    is_adjudication_chosen: bool
    adjudicated: float | None

    @property
    def settled(self) -> float | None:
        """The answer of people once nobody is asked any more, else None."""
        if self.adjudicated is not None:
            return self.adjudicated
        return None if self.is_adjudication_chosen else self.label


@dataclass(frozen=True)
class Change:
    """A row of the record, and what was known before it."""

    resolution: int
    seq: int
    prediction: int
    at: datetime
    occurred_at: datetime | None
    now: Known
    before: Known


@dataclass(frozen=True)
class News:
    """An event before it has a number. `source` tells it from all others of its kind."""

    kind: EventKind
    source: str
    at: datetime
    data: dict[str, Any]
    prediction: int | None = None
    report: int | None = None
    alert: int | None = None


def tell_due() -> int:
    """Write the events of all models with something to tell, and return how many."""
    return sum(one_by_one(_models(), _tell, name="tell"))


def _models() -> list[MonitoredModel]:
    """List the models whose record or reports are further than their events."""
    untold = Report.objects.final().filter(event=None).values("model")
    alerts = _untold_alerts().values("model")
    told = Q(ledger__last_seq__gt=F("feed__told_seq")) | Q(feed=None, ledger__last_seq__gt=0)
    models = MonitoredModel.objects.filter(told | Q(pk__in=untold) | Q(pk__in=alerts)).select_related("project")
    return list(models.order_by("pk").distinct())


def _tell(model: MonitoredModel) -> int:
    written = 0
    while (told := _tell_some(model)) is not None:
        written += told
    return written


@transaction.atomic
def _tell_some(model: MonitoredModel) -> int | None:
    """Write the events of the next rows of the record, and of reports; None if there are no rows, or not for us now."""
    Feed.objects.get_or_create(model=model)
    feed = Feed.objects.select_for_update(skip_locked=True).filter(model=model).first()
    if feed is None:
        return None
    until = Ledger.objects.filter(model=model).values_list("last_seq", flat=True).first() or 0
    changes = _changes(feed, until=until)
    reports = list(Report.objects.final().filter(model=model, event=None).order_by("pk"))
    alerts = list(_untold_alerts().filter(model=model).order_by("pk"))
    news = [
        *_of_changes(model, changes),
        *(_of_report(model, report) for report in reports),
        *(each for alert in alerts for each in _of_alert(model, alert)),
    ]
    _write(feed, news)
    if changes:
        feed.resolution_seq, feed.resolution = changes[-1].seq, changes[-1].resolution
    if len(changes) < PAGE:
        feed.told_seq = until
    feed.save()
    return len(news) if changes or reports or alerts else None


def _changes(feed: Feed, *, until: int) -> list[Change]:
    parameters = {"model": feed.model_id, "seq": feed.resolution_seq, "id": feed.resolution, "until": until}
    with connection.cursor() as cursor:
        cursor.execute(CHANGES, parameters | {"limit": PAGE})
        return [
            Change(
                resolution=key,
                seq=seq,
                prediction=prediction,
                at=at,
                occurred_at=occurred_at,
                now=Known(outcome, *known[:3]),
                before=Known(*known[3:]),
            )
            for key, seq, prediction, at, outcome, occurred_at, *known in cursor.fetchall()
        ]


def _of_changes(model: MonitoredModel, changes: list[Change]) -> Iterator[News]:
    told = [each for each in changes if _is_settled(each) or _is_restated(each)]
    predictions = Prediction.objects.in_bulk([each.prediction for each in told])
    disputed = _disputed([each for each in told if each.now.adjudicated is not None])
    for change in told:
        # Erased meanwhile: there is nobody left to tell about.
        if prediction := predictions.get(change.prediction):
            yield from _of_change(model, change, prediction, is_disputed=change.resolution in disputed)


def _disputed(changes: list[Change]) -> set[int]:
    """Return those of the changes in which an adjudicator answered a round with a dispute."""
    predictions = [each.prediction for each in changes]
    slots = Slot.objects.with_answer().filter(item__prediction__in=predictions, is_adjudication=True)
    slots = slots.filter(item__in=ReviewItem.objects.reviews()).order_by("closed_at", "pk")
    answered: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
    for prediction, at, number in slots.values_list("item__prediction", "closed_at", "round"):
        answered[prediction].append((at, number))
    disputes = Dispute.objects.filter(item__prediction__in=predictions, withdrawn_at=None)
    raised = set(disputes.values_list("item__prediction", "round"))
    found = set()
    for change in changes:
        rounds = [number for at, number in answered[change.prediction] if at <= change.at]
        if rounds and (change.prediction, rounds[-1]) in raised:
            found.add(change.resolution)
    return found


def _of_change(model: MonitoredModel, change: Change, prediction: Prediction, *, is_disputed: bool) -> Iterator[News]:
    now, before = change.now, change.before
    about = {"id": prediction.external_id, "prediction": model.decode(prediction.predicted)}
    settled = now.settled

    def news(kind: EventKind, **data: Any) -> News:
        return News(kind, str(change.resolution), change.at, about | data, prediction=prediction.pk)

    if _is_settled(change) and settled is not None:
        agrees = bool(model.agrees(settled, prediction.predicted))
        yield news(
            EventKind.SETTLED,
            label=model.decode(settled),
            source="consensus" if now.adjudicated is None else "adjudication",
            agrees=agrees,
            previous=_decoded(model, before.settled),
        )
        if is_disputed and now.adjudicated is not None and now.adjudicated != before.adjudicated:
            yield news(EventKind.REJECTED if agrees else EventKind.UPHELD, label=model.decode(settled))
    if _is_restated(change):
        yield news(
            EventKind.RESTATED,
            outcome=_decoded(model, now.outcome),
            previous=_decoded(model, before.outcome),
            occurred_at=change.occurred_at.isoformat() if change.occurred_at else None,
        )


def _is_settled(change: Change) -> bool:
    settled = change.now.settled
    return settled is not None and (settled, change.now.adjudicated) != (
        change.before.settled,
        change.before.adjudicated,
    )


def _is_restated(change: Change) -> bool:
    return change.before.outcome is not None and change.now.outcome != change.before.outcome


def _of_report(model: MonitoredModel, report: Report) -> News:
    page = reverse("report", args=[model.project.slug, report.pk])
    data = {
        "report": report.pk,
        "kind": report.kind,
        "start": report.start.isoformat(),
        "end": report.end.isoformat(),
        "previous": report.previous_id,
        "url": f"{settings.BASE_URL}{page}",
    }
    return News(EventKind.FINAL, f"report {report.pk}", report.created_at, data, report=report.pk)


def _untold_alerts() -> AlertQuerySet:
    """Alerts that fired, or were over, since other systems were last told."""
    told = Event.objects.filter(alert=OuterRef("pk"))
    fired = ~Exists(told.filter(kind=EventKind.FIRED))
    resolved = Q(state=Alert.State.RESOLVED) & ~Exists(told.filter(kind=EventKind.RESOLVED))
    return Alert.objects.fired().filter(fired | resolved)


def _of_alert(model: MonitoredModel, alert: Alert) -> Iterator[News]:
    page = reverse("alert", args=[model.project.slug, alert.pk])
    told = set(alert.events.values_list("kind", flat=True))
    data = {"rule": alert.kind, "title": alert.title, "text": alert.text, "url": f"{settings.BASE_URL}{page}"}
    if EventKind.FIRED not in told and alert.fired_at is not None:
        yield News(EventKind.FIRED, f"alert {alert.pk}", alert.fired_at, data, alert=alert.pk)
    if alert.resolved_at is not None and EventKind.RESOLVED not in told:
        yield News(EventKind.RESOLVED, f"alert {alert.pk}", alert.resolved_at, data, alert=alert.pk)


def _write(feed: Feed, news: Iterable[News]) -> None:
    """Number and store events with their deliveries."""
    rows = [
        Event(
            model_id=feed.model_id,
            seq=seq,
            key=_key(feed, each),
            kind=each.kind,
            prediction_id=each.prediction,
            report_id=each.report,
            alert_id=each.alert,
            data={"model": feed.model.slug, **each.data},
            occurred_at=each.at,
        )
        for seq, each in enumerate(news, start=feed.last_seq + 1)
    ]
    events = Event.objects.bulk_create(rows)
    feed.last_seq += len(events)
    endpoints = list(Endpoint.objects.filter(project=feed.model.project_id))
    deliveries = [
        Delivery(event=event, endpoint=endpoint, subject=event.prediction_id)
        for event in events
        for endpoint in endpoints
        if event.kind in endpoint.kinds
    ]
    Delivery.objects.bulk_create(deliveries)
    if deliveries:
        doorbell.ring_on_commit(BELL)


def _key(feed: Feed, news: News) -> UUID:
    return uuid5(NAMESPACE, f"{feed.model_id}\x1f{news.kind}\x1f{news.source}")


def _decoded(model: MonitoredModel, stored: float | None) -> str | float | None:
    return None if stored is None else model.decode(stored)
