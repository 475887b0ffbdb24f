"""The pictures of a person's pace."""

from apps.common.pictures import Bar, Chart, seconds
from apps.truth.services.quality import Pace

ONE = (("", "accepted"),)


def answers_by_day(days: list[Pace]) -> Chart:
    bars = [Bar(_label(day), (day.answers,), (f"{day.answers:,}",)) for day in days]
    return Chart("Answers a day", "Answers", ONE, ("Day", "Answers"), bars)


def seconds_by_day(days: list[Pace]) -> Chart:
    """Half of the day's answers took no longer; days with too few for a range have no column."""
    columns = ("Day", "Half within", "Likely between", "Answers")
    return Chart("Active time for a case", "Seconds", ONE, columns, [_timed(day) for day in days])


def _timed(day: Pace) -> Bar:
    found = day.seconds
    if found.value is None or found.low is None or found.high is None:
        return Bar(_label(day), (0.0,), ("", "", ""))
    likely = f"{seconds(found.low)} and {seconds(found.high)}"
    return Bar(_label(day), (found.value,), (seconds(found.value), likely, f"{found.n:,}"))


def _label(day: Pace) -> str:
    return f"{day.day.day} {day.day:%B}"
