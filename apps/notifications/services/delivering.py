"""Bring events to endpoints: at least once, in order for each prediction, and again until they are taken.

An endpoint may get an event twice, when a worker dies between the answer and its commit. The event's key is the same
both times, so whoever stores the keys acts once.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, Min, prefetch_related_objects
from django.db.models.functions import Greatest, Now

from apps.common import doorbell, egress
from apps.common.egress import RefusedAddressError, UnreachableError
from apps.common.errors import LeaseLostError
from apps.common.leases import RELEASED
from apps.notifications.models import Delivery, Endpoint, EventKind, Form
from apps.notifications.services import signing
from apps.notifications.services.retrying import MAX_ATTEMPTS, WAITS_SECONDS, about, wait_after
from apps.notifications.services.telling import BELL

log = structlog.get_logger(__name__)

# An endpoint that is away is tried this often at most.
LONGEST_PAUSE_SECONDS = 1800
AT_ONCE = 16
# As long as all of one claim can take, one after another in pairs, and some more.
LEASE_SECONDS = 120
TURN_SECONDS = 30
GONE, TOO_MANY = 410, 429
HEADERS = {"content-type": "application/json", "user-agent": "Countersign"}
# Answers that say something about the endpoint, not about what was sent.
AWAY = frozenset({408, 425, TOO_MANY})


@dataclass(frozen=True)
class Message:
    """A message, with all that a thread needs to send it without asking the database."""

    url: str
    secret: str
    key: UUID
    body: bytes


@dataclass(frozen=True)
class Result:
    """What became of a message. Without an answer there is no status."""

    status: int | None
    said: str

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_away(self) -> bool:
        """True where trying the next message now would fail too."""
        return self.status is None or self.status >= 500 or self.status in AWAY


def deliver_due() -> int:
    """Send all that is due, and return how many were taken."""
    taken, until = 0, time.monotonic() + TURN_SECONDS
    with ThreadPoolExecutor(max_workers=AT_ONCE // 2, thread_name_prefix="deliver") as threads:
        while claimed := Delivery.objects.due().claim(seconds=LEASE_SECONDS, limit=AT_ONCE):
            prefetch_related_objects(claimed, "event", "endpoint")
            results = threads.map(_send, [_message(each) for each in claimed])
            taken += sum(_note(*each) for each in zip(claimed, results, strict=True))
            if time.monotonic() > until:
                doorbell.ring(BELL)
                break
    return taken


def waiting_since() -> datetime | None:
    """Return since when the oldest delivery waits that could be sent now; None without any."""
    due = Delivery.objects.due().unleased().order_by()
    since: datetime | None = due.aggregate(since=Min(Greatest("next_try_at", "event__created_at")))["since"]
    return since


def _message(delivery: Delivery) -> Message:
    event, endpoint = delivery.event, delivery.endpoint
    written = slack(event) if endpoint.form == Form.SLACK else document(event)
    return Message(endpoint.url, endpoint.secret, event.key, json.dumps(written).encode())


def document(event: Any) -> dict[str, Any]:
    """Describe an event as endpoints and readers of the feed get it."""
    return {
        "type": event.kind,
        "timestamp": event.occurred_at.isoformat(),
        "data": {"seq": event.seq, **event.data},
    }


def slack(event: Any) -> dict[str, Any]:
    """Describe an event as a Slack room shows it: one line of text, and a link."""
    data = event.data
    told = data.get("title") or f"{EventKind(event.kind).label}: {data.get('id') or data.get('kind')}"
    if event.kind == EventKind.RESOLVED:
        told = f"Over: {told}"
    # Slack reads these three as markup.
    text = told.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": f"{text} <{data['url']}|Look at it>" if data.get("url") else text}


def _send(message: Message) -> Result:
    signed = signing.headers(message.secret, key=message.key, at=int(time.time()), body=message.body)
    try:
        answer = egress.post(message.url, message.body, headers=HEADERS | signed)
    except RefusedAddressError as error:
        return Result(None, error.message)
    except UnreachableError as error:
        return Result(None, str(error))
    return Result(answer.status, answer.text)


@transaction.atomic
def _note(delivery: Delivery, result: Result) -> bool:
    """Write down what became of a delivery and its endpoint. Returns whether it was taken."""
    changes: dict[str, Any] = {"tried_at": Now(), "status": result.status, "said": result.said}
    if result.is_taken:
        changes |= {"delivered_at": Now()}
    elif delivery.attempts >= MAX_ATTEMPTS or result.status == GONE:
        changes |= {"failed_at": Now()}
    else:
        changes |= {"next_try_at": Now() + wait_after(delivery.attempts)}
    try:
        delivery.fenced_update(**RELEASED, **changes)
    except LeaseLostError:
        log.warning("delivery_lease_lost", delivery=delivery.pk)
        return False
    _note_endpoint(delivery.endpoint, result)
    return result.is_taken


def _note_endpoint(endpoint: Endpoint, result: Result) -> None:
    row = Endpoint.objects.filter(pk=endpoint.pk)
    if result.is_taken:
        row.exclude(failures=0, retry_at=None).update(failures=0, retry_at=None)
    elif result.status == GONE:
        # Standard Webhooks: whoever answers so wants nothing more.
        row.filter(paused_at=None).update(paused_at=Now())
    elif result.is_away:
        place = min(endpoint.failures, len(WAITS_SECONDS) - 1)
        pause = min(WAITS_SECONDS[place], LONGEST_PAUSE_SECONDS)
        # Those that were sent together fail together, and count once.
        row.answering().update(failures=F("failures") + 1, retry_at=Now() + about(pause))
