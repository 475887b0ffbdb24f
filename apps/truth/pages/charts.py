"""Charts of a reviewer's pace."""

from apps.common import dates
from apps.common.bars import Bar, BarChart, date_tick
from apps.common.durations import seconds
from apps.common.numerals import count
from apps.truth.services.quality import Pace

ONE = (("", "accepted"),)


def answers_by_day(days: list[Pace]) -> BarChart:
    bars = tuple(Bar(_label(day), (day.answers,), (count(day.answers),), _tick(day, days)) for day in days)
    return BarChart("Answers per day", "Answers", ONE, ("Day", "Answers"), bars)


def seconds_by_day(days: list[Pace]) -> BarChart:
    """Plot each day's median active time; a day with too few answers for a range has no column."""
    columns = ("Day", "Median", "Likely between", "Answers")
    bars = tuple(_timed(day, tick=_tick(day, days)) for day in days)
    return BarChart("Active time per case", "Seconds", ONE, columns, bars)


def _timed(day: Pace, *, tick: str) -> Bar:
    median = day.seconds
    if median.value is None or median.low is None or median.high is None:
        return Bar(_label(day), (0.0,), ("", "", ""), tick)
    likely = f"{seconds(median.low)} and {seconds(median.high)}"
    return Bar(_label(day), (median.value,), (seconds(median.value), likely, count(median.n)), tick)


def _label(day: Pace) -> str:
    return dates.of_year(day.day)


def _tick(day: Pace, days: list[Pace]) -> str:
    return date_tick(day.day, newest=days[-1].day)
