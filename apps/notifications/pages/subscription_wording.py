"""Schedules and letters in words."""

from datetime import datetime
from zoneinfo import ZoneInfo

from apps.common import dates
from apps.notifications.models import EVENTS, Cadence, Edition, Letter, Schedule
from apps.notifications.pages.subscription_forms import CADENCES, WEEKDAYS, WINDOWS
from apps.reports.models import Standing


def what(schedule: Schedule) -> str:
    """Name what a schedule sends."""
    about = f"{schedule.model.name}: {schedule.get_kind_display().lower()}" if schedule.model else "All models"
    return f"{about}, {WINDOWS[Standing(schedule.standing)]}"


def when(schedule: Schedule) -> str:
    """Say when a schedule sends, for instance `Every Monday at 08:00, Europe/Berlin time`."""
    if schedule.cadence in EVENTS:
        text = CADENCES[Cadence(schedule.cadence)]
    else:
        text = f"{_days(schedule)} at {schedule.hour:02}:00, {schedule.zone} time"
    if schedule.waits_days:
        text += f"; waits up to {schedule.waits_days} day{'' if schedule.waits_days == 1 else 's'} for final figures"
    return text + ("; PDF attached" if schedule.attaches_pdf else "")


def _days(schedule: Schedule) -> str:
    if schedule.cadence == Cadence.MONTHLY:
        return f"On day {schedule.day} of each month"
    if schedule.cadence == Cadence.WEEKLY and schedule.day:
        return f"Every {WEEKDAYS[schedule.day - 1]}"
    return "Every day"


def moment(at: datetime, zone: str) -> str:
    return dates.moment(at.astimezone(ZoneInfo(zone)))


def next_time(schedule: Schedule) -> str:
    return moment(schedule.next_due_at, schedule.zone) if schedule.next_due_at else "when it happens"


def edition_state(edition: Edition, zone: str) -> str:
    """Say what an edition waits for; empty once it is ready."""
    if edition.ready_at is not None:
        return ""
    if edition.asked_at is None:
        return "waiting for final figures"
    return f"waiting for the report since {moment(edition.asked_at, zone)}"


def letter_state(letter: Letter) -> tuple[str, str, str]:
    """Return the style of the state of a letter, the state in a word, and what to add."""
    zone = letter.edition.schedule.project.time_zone
    if letter.sent_at:
        return "", "sent, preliminary" if letter.is_preliminary else "sent", moment(letter.sent_at, zone)
    if letter.failed_at:
        return "bad", "not sent", letter.said
    if waits := edition_state(letter.edition, zone):
        return "warn", "waiting", waits
    if letter.said and letter.next_try_at:
        return "warn", "waiting", f"tried again {moment(letter.next_try_at, zone)}: {letter.said}"
    return "", "being sent", ""
