"""The portfolio as its page shows it, to those who run a business by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.common import dates
from apps.home.pages import lines, words
from apps.home.pages.forms import PortfolioForm
from apps.home.services.explained import Explained, explained
from apps.home.services.lately import Lately, alerts_of, lately
from apps.home.services.months import month_of, months_of
from apps.home.services.portfolio import Portfolio, Row, portfolio
from apps.monitoring.services import events
from apps.notifications.models import Alert
from apps.registry.models import MonitoredModel
from apps.reports.models import Headline, Standing
from apps.reports.services.following import follow_standing

# From so many models on, they stand in one table.
TABLE_FROM = 3
# From so many on, there is something to find.
FIND_FROM = 8
LATELY = timedelta(days=7)
MONTHS_SHOWN = 4


@dataclass(frozen=True)
class MonthTab:
    """A month to choose."""

    label: str
    value: str
    is_current: bool


def shows_money(member: Membership) -> bool:
    """Say whether lists show this person money: those who judge cases should not weigh what an answer is worth."""
    return Role(member.role) not in (Role.REVIEWER, Role.ADJUDICATOR)


def read(member: Membership, models: Sequence[MonitoredModel], form: PortfolioForm) -> tuple[Portfolio, list[Row]]:
    """Read the month asked for: all models, for the totals, and those asked for in their order."""
    return _read(member, models, form, alerts_of(member.project, since=timezone.now()))


def _read(
    member: Membership, models: Sequence[MonitoredModel], form: PortfolioForm, alerts: Sequence[Alert]
) -> tuple[Portfolio, list[Row]]:
    now = timezone.now()
    follow_standing(models, standings=(Standing.THIS_MONTH, Standing.LAST_MONTH), now=now)
    months = months_of(member.project)
    today = now.astimezone(member.project.zone).date()
    month = month_of(member.project, months, asked=form.wanted("month"), today=today)
    shown = portfolio(member.project, models, alerts, month=month, months=months)
    kept = [row for row in shown.rows if form.keeps(row)]
    usual = "" if shows_money(member) else "name"
    order = lines.SORTS.get(form.sort_by or usual)
    return shown, sorted(kept, key=order) if order else kept


def context(member: Membership, models: Sequence[MonitoredModel], form: PortfolioForm) -> dict[str, Any]:
    """Collect what the page of figures shows."""
    now, has_money = timezone.now(), shows_money(member)
    today = now.astimezone(member.project.zone).date()
    since = datetime.combine(today, time(), tzinfo=member.project.zone) - LATELY
    alerts = alerts_of(member.project, since=since)
    shown, rows = _read(member, models, form, alerts)
    happened = lately(member.project, alerts, since=since, is_priced=has_money)
    reasons = explained([*happened.final, *_to_explain(shown, has_money=has_money)], role=Role(member.role))
    return {
        "form": form,
        "shown": shown,
        "lines": _lines(shown, rows, member, reasons),
        "feet": lines.feet(shown) if has_money and not form.is_filtered else [],
        "axis": lines.axis(shown),
        "has_money": has_money,
        "sentence": words.sentence(shown) if has_money else _without_money(shown),
        "notes": words.notes(shown, reasons) if has_money else [],
        "state": words.state(shown),
        "title": _title(shown.month.start) if shown.month else "",
        "name": words.name(shown.month.start, today=today) if shown.month else "",
        "against": f"{words.name(shown.month.start, today=today)}, against" if shown.month else "Against",
        "before": words.name(shown.month.earlier[0], today=today) if shown.month else "",
        "month": f"{shown.month.start:%Y-%m}" if shown.month else "",
        "tabs": _tabs(shown, today=today),
        "lately": _told(happened, member, reasons, today=today),
        "sort": form.sort_by or ("risk" if has_money else "name"),
        "can_find": len(models) >= FIND_FROM or form.is_filtered,
        "query": form.data.urlencode() if hasattr(form.data, "urlencode") else "",
        "reads_alerts": member.reads(Role.ENGINEER),
        "alerts_address": reverse("alerts", args=[member.project.slug]),
        "open_alerts": sum(row.alerts.open for row in shown.rows),
        "may_price": member.reaches(Role.ENGINEER),
        "is_table": len(models) >= TABLE_FROM,
    }


def _to_explain(shown: Portfolio, *, has_money: bool) -> list[Headline]:
    """Return the figures whose move is worth a word: of the model that moved the total, or of each of a few models.

    A month under way has fewer decisions than the one before for no other reason.
    """
    if shown.month is None or shown.month.is_running:
        return []
    found = [each.leader() for each in shown.totals] if has_money else []
    rows = [leader[0] for leader in found if leader] if len(shown.rows) >= TABLE_FROM else shown.rows
    headlines = [row.headline if has_money else row.right for row in rows]
    return [each for each in headlines if each]


def _lines(
    shown: Portfolio, rows: list[Row], member: Membership, reasons: Mapping[int, Explained]
) -> list[dict[str, Any]]:
    """Write the rows; where there are only a few, with why their figures moved and what their data did lately."""
    written = [line.flat for line in lines.lines(shown, rows)]
    if len(shown.rows) >= TABLE_FROM:
        return written
    figures = {row.model.pk: [each.pk for each in (row.value, row.right) if each] for row in rows}
    why = {model: next((reasons[pk] for pk in found if pk in reasons), None) for model, found in figures.items()}
    since = timezone.now().date() - events.MENTIONED
    models = [row.model for row in shown.rows]
    unlike = events.newest(models, since=since, shows_sensitive=member.reads(Role.ENGINEER))
    return [line | {"unlike": unlike.get(line["model"].pk), "why": why[line["model"].pk]} for line in written]


def _title(first: date) -> str:
    return f"{first:%B %Y}"


def _without_money(shown: Portfolio) -> str:
    return words.sentence(Portfolio(shown.month, shown.months, shown.rows))


def _tabs(shown: Portfolio, *, today: date) -> list[MonthTab]:
    if shown.month is None or len(shown.months) < 2:
        return []
    current = shown.month.start
    firsts = sorted({*shown.months[:MONTHS_SHOWN], current})
    return [
        MonthTab(
            words.name(first, today=today) + (" so far" if first == today.replace(day=1) else ""),
            f"{first:%Y-%m}",
            first == current,
        )
        for first in firsts
    ]


@dataclass(frozen=True)
class Said:
    """One entry of what happened lately."""

    when: str
    subject: str
    text: str
    # The report, or the alert, that it is about.
    report: int | None = None
    alert: int | None = None


def _told(found: Lately, member: Membership, reasons: Mapping[int, Explained], *, today: date) -> dict[str, Any]:
    """Write what happened lately; what an alert says may name a sensitive feature, so not all may read it."""
    zone, reads = member.project.zone, member.reads(Role.ENGINEER)

    def day(moment: datetime) -> str:
        return dates.of_year(moment.astimezone(zone))

    restated = [
        Said(
            day(each.headline.created_at),
            f"{each.headline.model.name}, {words.window(each.headline, today=today)}",
            words.restated(each),
            report=each.headline.pk,
        )
        for each in found.restated
    ]
    final = []
    for each in found.final:
        text, ends = words.figure_text(each, each.model)
        likely = f", likely between {ends.replace(' to ', ' and ')}" if ends else ""
        subject = f"{each.model.name}, {words.window(each, today=today)}"
        said = f"{text}{likely}.{words.moved(each, reasons, today=today)}"
        final.append(Said(day(each.created_at), subject, said, report=each.pk))
    alerts = []
    for alert in found.alerts:
        state = "over" if alert.state == alert.State.RESOLVED else "open"
        if state == "open" and reads:
            state = f"open, with {alert.acknowledged_by}" if alert.acknowledged_by else "open, nobody has it yet"
        text = alert.title.removeprefix(f"{alert.model.name}: ") if reads else f"{alert.get_kind_display()}."
        moment = alert.fired_at or alert.first_seen_at
        alerts.append(Said(f"{day(moment)}, {state}", alert.model.name, text, alert=alert.pk if reads else None))
    return {
        "since": f"{found.since:%A}",
        "restated": restated,
        "restatements": found.restatements,
        "alerts": alerts,
        "opened": found.opened,
        "closed": found.closed,
        "final": final,
        "finals": found.finals,
        "is_empty": not (restated or alerts or final),
    }
