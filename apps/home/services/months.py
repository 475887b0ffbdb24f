"""Which month a first page shows: the one under way once a week of it is over, else the one before."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from apps.accounts.models import Project
from apps.reports.models import Headline

# In its first days a month says little.
FIRST_DAYS = 7
MOST = 12


@dataclass(frozen=True)
class Month:
    """A calendar month in the project's time zone, half-open, and the firsts of the two before it."""

    project: Project
    start: date
    today: date

    @property
    def end(self) -> date:
        return following(self.start)

    @property
    def earlier(self) -> tuple[date, date]:
        one = preceding(self.start)
        return one, preceding(one)

    @property
    def is_running(self) -> bool:
        return self.today < self.end

    def end_of(self, start: date) -> date:
        return following(start)

    def share_over(self, moment: datetime) -> float:
        """Return the share of the month that was over at a moment."""
        begin, end = (datetime.combine(day, time(), tzinfo=self.project.zone) for day in (self.start, self.end))
        return min(1.0, max(0.0, (moment - begin) / (end - begin)))


def following(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def preceding(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def months_of(project: Project) -> list[date]:
    """Return the firsts of the months with figures, newest first."""
    windows = Headline.objects.filter(model__project=project, is_newest=True, start__day=1, end__day=1)
    found = windows.order_by("-start").values_list("start", "end").distinct()
    return [start for start, end in found if end == following(start)][:MOST]


def month_of(project: Project, months: list[date], *, asked: str, today: date) -> Month | None:
    """Return the month asked for, such as 2026-11, where it has figures; else the usual one, or the newest."""
    named = {f"{first:%Y-%m}": first for first in months}
    this = today.replace(day=1)
    usual = [this, preceding(this)] if today.day > FIRST_DAYS else [preceding(this), this]
    choices = [named[asked]] if asked in named else [first for first in (*usual, *months) if first in months]
    return Month(project, choices[0], today) if choices else None
