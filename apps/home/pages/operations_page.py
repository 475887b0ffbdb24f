"""An engineer's first page: open alerts, the data of each model, and the queues."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.common.numerals import count
from apps.home.services import operations
from apps.home.services.operations import Intake, QueueState
from apps.notifications.models import Alert
from apps.registry.models import MonitoredModel
from apps.review import services as review
from apps.review.models import Question

ALERTS_SHOWN = 20
# In words up to here.
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")
# From this growth a day on, a queue is said to grow.
GROWS = 1.0


@dataclass(frozen=True)
class QueueLine:
    """A queue, and what becomes of it at this pace."""

    state: QueueState
    pace: str
    is_growing: bool


def operations_context(member: Membership, models: Sequence[MonitoredModel]) -> dict[str, Any]:
    """Collect what the page of an engineer shows; as many queries for one model as for two hundred."""
    now = timezone.now()
    alerts = _alerts(member)
    data = operations.intakes(member.project, models, now=now)
    lines = [_line(each) for each in operations.queues(member.project, models, now=now)]
    to_settle = sum(each.to_settle for each in review.count_for(member).values())
    questions = Question.objects.in_project(member.project).open()
    return {
        "sentence": sentence(alerts, data),
        "alerts": alerts[:ALERTS_SHOWN],
        "more_alerts": max(0, len(alerts) - ALERTS_SHOWN),
        "data": data,
        "queues": lines,
        "advice": _advice(lines),
        "to_settle": to_settle,
        "questions": questions.for_member(member.user, may_adjudicate=member.reaches(Role.ADJUDICATOR)).count(),
        "path": settings.PATH,
        "now": now,
    }


def _alerts(member: Membership) -> list[Alert]:
    """Return the open alerts, those that nobody has first."""
    standing = Alert.objects.in_project(member.project).standing().fired()
    found = list(standing.select_related("model", "acknowledged_by").order_by("-fired_at", "-pk"))
    return sorted(found, key=lambda each: each.state != Alert.State.FIRING)


def sentence(alerts: Sequence[Alert], data: Sequence[Intake]) -> str:
    """Write the first sentence: alerts, and whose data is late."""
    new, late = sum(each.state == Alert.State.FIRING for each in alerts), sum(each.is_late for each in data)
    text = "No alert is open."
    if alerts:
        open_ones = f"{_number(len(alerts))} {'alert is' if len(alerts) == 1 else 'alerts are'} open"
        whose = "somebody has each of them" if len(alerts) > 1 else "somebody has it"
        nobody = (
            "nobody has it" if len(alerts) == 1 else f"{_number(new).lower()} {'has' if new == 1 else 'have'} nobody"
        )
        text = f"{open_ones}, {nobody if new else whose}."
    if late:
        of = f"one model of {_number(len(data)).lower()}" if late == 1 else f"{_number(late).lower()} models"
        return f"{text} Data is late for {of}."
    return text


def _number(n: int) -> str:
    return NUMBERS[n] if n < len(NUMBERS) else count(n)


def _line(state: QueueState) -> QueueLine:
    if not state.waiting:
        return QueueLine(state, "nothing waits", is_growing=False)
    if state.growth >= GROWS:
        return QueueLine(state, f"grows {count(state.growth)} a day", is_growing=True)
    left = state.days_left
    if left is None or not state.done_a_day:
        return QueueLine(state, "stays as it is" if state.done_a_day else "nobody reviews it", is_growing=False)
    pace = "done today" if left <= 1 else "done tomorrow" if left <= 2 else f"done in {count(left)} days"
    return QueueLine(state, pace, is_growing=False)


def _advice(lines: Sequence[QueueLine]) -> dict[str, Any] | None:
    """Say which queue grows most, and by what."""
    growing = [line for line in lines if line.is_growing]
    if not growing:
        return None
    most = max(growing, key=lambda line: line.state.growth).state
    drawn, done = count(most.drawn_a_day), count(most.done_a_day)
    return {"queue": most, "text": f"More cases come to {most.name} than people judge: {drawn} against {done} a day."}
