"""A reviewer's first page: what waits, what came back, and what they did. No money, and nothing of open cases."""

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.common.numerals import count
from apps.home.pages import words
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review import services as review
from apps.review.models import Question
from apps.stats.independent import Ranged
from apps.truth.services.held import Held, held

# Pixels of the bars, and the room for the numbers above them and the days below.
HEIGHT, ABOVE, BELOW = 116.0, 24.0, 24.0


@dataclass(frozen=True)
class QueueLine:
    """A queue in which cases wait for the person."""

    queue: ReviewQueue
    due: review.Due


@dataclass(frozen=True)
class DayBar:
    """A day's cases: the place of its bar, in percent and pixels."""

    label: str
    cases: int
    x: float
    middle: float
    y: float
    height: float
    is_today: bool

    @property
    def text_y(self) -> float:
        return round(self.y - 6, 1)


def own_context(member: Membership) -> dict[str, Any]:
    """Collect what the page of a reviewer shows."""
    lines, back = _lines(member), review.came_back(member)
    sums = [sum(getattr(line.due, name) for line in lines) for name in ("late", "today", "week", "cases")]
    done, seconds = review.answered_today(member), review.seconds_a_case(member)
    minutes = math.ceil(sums[1] * seconds / 60) if seconds and sums[1] else None
    found = held(member)
    return {
        "sentence": _sentence(sums[3], len(back), has_queues=bool(lines)),
        "lines": lines,
        "together": dict(zip(("late", "today", "week", "cases"), sums, strict=True)),
        "next": max(lines, key=_urgency, default=None),
        "to_settle": sum(line.due.to_settle for line in lines),
        "settle_first": max(lines, key=lambda line: line.due.to_settle, default=None),
        "minutes": minutes,
        "done": done,
        "goal": member.daily_goal,
        "back": back,
        "own": review.own_counts(member),
        "bars": _bars(review.days_of(member)),
        "held": found,
        "held_text": _held_text(found) if found else "",
        "models": MonitoredModel.objects.in_project(member.project).active().order_by("name")[:20],
        "questions": _questions_for(member),
        "now": timezone.now(),
    }


def _lines(member: Membership) -> list[QueueLine]:
    due = {each.queue: each for each in review.due_for(member)}
    queues = ReviewQueue.objects.filter(pk__in=due).select_related("model").order_by("model__name", "name")
    return [QueueLine(queue, due[queue.pk]) for queue in queues]


def _urgency(line: QueueLine) -> tuple[int, int, int]:
    return line.due.late, line.due.today, line.due.cases


def _sentence(cases: int, back: int, *, has_queues: bool) -> str:
    first = words.plural(cases, "case waits", "cases wait") if has_queues else "No case waits"
    came = {0: "", 1: " One answer came back."}.get(back, f" {back} answers came back.")
    return f"{first} for you.{came}"


def _bars(days: list[tuple[date, int]]) -> list[DayBar]:
    most, step = max((cases for _, cases in days), default=0) or 1, 100 / max(len(days), 1)
    bars = []
    for index, (day, cases) in enumerate(days):
        height = round(cases / most * (HEIGHT - ABOVE - BELOW), 1)
        is_today = index == len(days) - 1
        x, top = round(index * step + step * 0.15, 2), round(HEIGHT - BELOW - height, 1)
        label = "today" if is_today else f"{day:%a} {day.day}"
        bars.append(DayBar(label, cases, x, round((index + 0.5) * step, 2), top, height, is_today))
    return bars


def _held_text(found: Held) -> str:
    # scipy, which few processes need.
    from apps.stats.intervals import wilson_interval  # noqa: PLC0415  # see above

    low, high = wilson_interval(found.true, found.answers)
    share = Ranged(found.true / found.answers, low, high)
    ends = words.between_in_100(share).replace(" to ", " and ")
    return (
        f"Of your {count(found.answers)} answers of the last 90 days whose outcome is known by now, "
        f"{words.in_100(share)} in 100 came true (likely between {ends})."
    )


def _questions_for(member: Membership) -> int:
    """Count the colleagues' questions that this person may answer."""
    questions = Question.objects.in_project(member.project).open()
    return int(questions.for_member(member.user, may_adjudicate=member.reaches(Role.ADJUDICATOR)).count())
