"""What a replayed week asks of people: their time, and whether each queue's cases are within what they managed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from apps.common import dates
from apps.common.numerals import count
from apps.planning.pages.numbers import cases, hours, money
from apps.registry.models import MonitoredModel
from apps.review.services.workload import Effort

Days = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class QueueWeek:
    """A queue's cases on each day of the week, before and after, and what a case costs there."""

    name: str
    days: Days
    effort: Effort | None

    @property
    def difference(self) -> int:
        return sum(day.get("after", 0) - day.get("before", 0) for day in self.days.values())


def queue_weeks(model: MonitoredModel, result: Mapping[str, Any], efforts: Mapping[int, Effort]) -> list[QueueWeek]:
    """Return the queues that had or would have had cases."""
    queues = {queue.slug: queue for queue in model.queues.all()}
    return [
        QueueWeek(
            queues[slug].name if slug in queues else slug,
            days,
            efforts.get(queues[slug].pk) if slug in queues else None,
        )
        for slug, days in sorted(result["queues"].items())
    ]


def people_s_time(model: MonitoredModel, weeks: list[QueueWeek]) -> tuple[str, str, bool]:
    """Return the difference in people's time, what it costs, and whether it is known."""
    changed = [week for week in weeks if week.difference]
    if not changed:
        return "the same", "as many cases in each queue", True
    minutes, cost = 0.0, 0.0
    has_cost = True
    for week in changed:
        if week.effort is None or week.effort.minutes_per_case is None:
            return "not known yet", f"nobody has answered in {week.name} yet", False
        minutes += week.difference * week.effort.minutes_per_case
        has_cost = has_cost and week.effort.cost_per_case is not None
        cost += week.difference * float(week.effort.cost_per_case or 0)
    value = model.current_value_model
    price = f"{_signed(cost, money(abs(cost), value.currency))} for the week" if has_cost and value else "for the week"
    return _signed(minutes, hours(abs(minutes))), price, True


def _signed(number: float, text: str) -> str:
    return f"{'−' if number < 0 else '+'} {text}"


def against_capacity(weeks: list[QueueWeek]) -> list[str]:
    """Say of each queue whether people can keep up, a sentence each."""
    return [_sentence(week) for week in weeks]


def _sentence(week: QueueWeek) -> str:
    limit = week.effort.cases_a_day if week.effort is not None else None
    if limit is None:
        return (
            f"{week.name} would have had {_most(week, 'after')} cases on its busiest day instead of "
            f"{_most(week, 'before')}. Nobody has answered there yet, so what people can do in a day is not known."
        )
    over = {day: counts for day, counts in week.days.items() if counts.get("after", 0) > limit}
    if not over:
        return f"{week.name} stays within the {cases(limit)} cases a day that people managed on their busier days."
    worst = max(over, key=lambda day: over[day].get("after", 0))
    most = f"{count(over[worst].get('after', 0))} cases on {_day(worst)}"
    if len(over) == 1:
        said = f"{week.name} would have had {most}; people managed {cases(limit)} on their busier days."
    else:
        said = (
            f"{week.name} would have had more than the {cases(limit)} a day that people managed on their busier days, "
            f"on {len(over)} days: up to {most}."
        )
    before = sum(counts.get("before", 0) > limit for counts in week.days.values())
    return f"{said} Without the draft it had too many on {before} day{'' if before == 1 else 's'}." if before else said


def _most(week: QueueWeek, when: str) -> int:
    return max((counts.get(when, 0) for counts in week.days.values()), default=0)


def _day(key: str) -> str:
    day = date.fromisoformat(key)
    return f"{day:%A} {dates.of_year(day)}"
