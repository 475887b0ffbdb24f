"""What each built-in rule looks at: one sign for each thing that stands out, with a value to compare with its level."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count
from django.urls import reverse

from apps.common import dates, numerals
from apps.monitoring.models import DataEvent
from apps.monitoring.services.describing import effect, what
from apps.monitoring.services.naming import Names
from apps.monitoring.services.placing import Layout
from apps.notifications.models import Alert, RuleKind
from apps.registry.models import IncidentKind, MonitoredModel
from apps.reports.models import Report, ReportJob
from apps.review.models import ReviewItem

# An event that was found longer ago is no news.
NEWS = timedelta(days=7)
# The population stability index from which a move is large whatever it does, and from which it cannot wait.
FAR, BEYOND = 0.25, 1.0
HOUR = timedelta(hours=1)
# How the subject of an alert about an event begins; its key follows.
EVENT = "event "
WEEKS = 4
# Silence is judged against the same hours of the last four weeks, if three of them had data at all.
LEAST_WEEKS = 3

# The last hour with rows, and for each of the four weeks before the rows of the same hours since then.
SILENT = """
WITH newest AS (
    SELECT max(received_at) AS at FROM predictions_batch WHERE model_id = %(model)s AND kind = 'predictions'
)
SELECT newest.at, back.weeks,
    (SELECT coalesce(sum(accepted), 0) FROM monitoring_intakehour
     WHERE model_id = %(model)s AND kind = 'predictions'
       AND hour > newest.at - back.weeks * interval '7 days'
       AND hour <= %(now)s - back.weeks * interval '7 days' - interval '1 hour')::bigint,
    EXISTS (SELECT FROM monitoring_intakehour
     WHERE model_id = %(model)s AND kind = 'predictions' AND accepted > 0
       AND hour > newest.at - (back.weeks + 1) * interval '7 days'
       AND hour <= newest.at - back.weeks * interval '7 days')
FROM newest, generate_series(1, %(weeks)s) AS back (weeks)
WHERE newest.at IS NOT NULL
"""


@dataclass(frozen=True)
class Sign:
    """Something that may stand out; it does where its value reaches the rule's level."""

    subject: str
    value: float
    title: str
    url: str
    text: str = ""
    is_urgent: bool = False


def silence(model: MonitoredModel, now: datetime) -> Iterator[Sign]:
    """Nothing came since an hour after which each of the last weeks had rows. The value: the fewest of them."""
    with connection.cursor() as cursor:
        cursor.execute(SILENT, {"model": model.pk, "now": now, "weeks": WEEKS})
        rows = cursor.fetchall()
    if sum(had_any for *_, had_any in rows) < LEAST_WEEKS:
        return
    (last, *_), counts = rows[0], [int(n) for _, _, n, had_any in rows if had_any]
    if now - last > HOUR:
        local = last.astimezone(model.zone)
        yield Sign(
            "",
            float(min(counts)),
            f"{model.name}: no predictions since {dates.of_year(local)}, {local:%H:%M}.",
            _page(model, "intake"),
            f"In each of the last weeks the same hours brought at least {numerals.count(min(counts))} predictions.",
            is_urgent=True,
        )


def incidents(model: MonitoredModel, now: datetime) -> Iterator[Sign]:  # noqa: ARG001  # as all
    """Open incidents, all of them one subject: one broken push can open a hundred."""
    # An event in the data has a rule of its own.
    found = list(model.incidents.open().exclude(kind=IncidentKind.DATA_CHANGED).newest()[:4])
    if found:
        more = ", and others" if len(found) > 3 else ""
        told = "; ".join(str(each) for each in found[:3])
        yield Sign(
            "",
            float(len(found)),
            f"{model.name}: data do not fit, or cannot be processed.",
            _page(model, "incidents"),
            f"{told}{more}.",
        )


def drift(model: MonitoredModel, now: datetime) -> Iterator[Sign]:
    """Events in the data. The value: the points of right decisions that they cost, measured or expected."""
    yield from _events(model, now, DataEvent.Kind.INPUT)


def right(model: MonitoredModel, now: datetime) -> Iterator[Sign]:
    """Times with fewer right decisions than before. The value: how many points fewer."""
    yield from _events(model, now, DataEvent.Kind.RIGHT)


def target(model: MonitoredModel, now: datetime, level: float | None) -> Iterator[Sign]:
    """The share of right decisions of this quarter, by its confidence sequence. The value: 1 where it is below."""
    # Loads scipy, which few processes need.
    from apps.monitoring.services import targets  # noqa: PLC0415  # see above

    found = targets.of_quarter(model, now=now, target=level) if level else None
    if found is not None and level is not None:
        yield Sign(
            f"{found.start:%Y-%m-%d}",
            1.0 if found.is_below else 0.0,
            f"{model.name}: {_in_100(found.value)} in 100 decisions are right, below the target of {_in_100(level)}.",
            _page(model, "data"),
            f"Since {dates.of_year(found.start)}; likely between {_in_100(found.low)} and "
            f"{_in_100(found.high)} at every look of the quarter.",
        )


def _in_100(share: float) -> str:
    return numerals.fixed(100 * share, 1)


def restated(model: MonitoredModel, now: datetime) -> Iterator[Sign]:
    """Reports that moved by more than half the range of the report before. The value: how many half-widths."""
    reports = Report.objects.filter(model=model, previous__isnull=False, created_at__gte=now - NEWS)
    for report in reports.newest_by_window():
        moved = moved_by(report)
        yield Sign(
            f"{report.kind} {report.start} {report.end}",
            moved,
            f"{model.name}: the {report.kind} report from {dates.full(report.start)} is restated.",
            reverse("report", args=[model.project.slug, report.pk]),
            f"A figure moved by {numerals.fixed(moved, 1)} times half its range as more became known.",
        )


def late_queues(model: MonitoredModel, now: datetime) -> Iterator[Sign]:
    """Queues with cases past their due time. The value: how many cases."""
    late = ReviewItem.objects.filter(queue__model=model, state=ReviewItem.State.OPEN, due_at__lt=now)
    for queue, name, count in late.order_by().values_list("queue", "queue__name").annotate(n=Count("pk")):
        yield Sign(
            f"queue {queue}",
            float(count),
            f"{model.name}: {numerals.count(count)} cases of {name} are past their due time.",
            reverse("queue_live", args=[model.project.slug, queue]),
        )


def draw_check(model: MonitoredModel, now: datetime) -> Iterator[Sign]:  # noqa: ARG001  # as all
    """The draw check. The value: 1 where it fails."""
    # Loads pandas, which few processes need.
    from apps.sampling.services.checking import draw_check as check  # noqa: PLC0415  # see above

    found = check(model)
    if found.expected:
        yield Sign(
            "",
            1.0 if found.is_failed else 0.0,
            f"{model.name}: not as many cases are drawn as the recorded probabilities say.",
            _page(model, "sampling"),
            "Figures from reviews may be wrong until the reason is known.",
        )


def failed_reports(model: MonitoredModel, now: datetime) -> Iterator[Sign]:
    """Report jobs that failed. The value: 1."""
    jobs = ReportJob.objects.filter(model=model, report=None, finished_at__gte=now - NEWS)
    for job in jobs:
        yield Sign(
            f"job {job.pk}",
            1.0,
            f"{model.name}: a {job.kind} report has failed.",
            reverse("report_job", args=[model.project.slug, job.pk]),
        )


def _events(model: MonitoredModel, now: datetime, kind: DataEvent.Kind) -> Iterator[Sign]:
    events = list(DataEvent.objects.filter(model=model, kind=kind, normal_at=None, found_at__gte=now - NEWS))
    # What is over is told once, and then resolves.
    told = Alert.objects.filter(model=model, kind=kind_of(kind), subject__in=[f"{EVENT}{each.pk}" for each in events])
    known = set(told.fired().values_list("subject", flat=True))
    for event in events:
        if event.last_day is not None and f"{EVENT}{event.pk}" in known:
            continue
        figures = event.figures
        money = figures.get("money") or {}
        yield Sign(
            f"{EVENT}{event.pk}",
            value_of(event),
            title_of(event),
            f"{_page(model, 'data')}?event={event.pk}",
            effect(event),
            is_urgent=bool(money.get("low") and money["low"] > 0) or _moved_by(event) >= BEYOND,
        )


def event_of(alert: Alert) -> DataEvent | None:
    """Return the event in the data that an alert is about; None if it is about something else."""
    if not alert.subject.startswith(EVENT):
        return None
    event: DataEvent | None = DataEvent.objects.filter(
        model=alert.model_id, pk=alert.subject.removeprefix(EVENT)
    ).first()
    return event


def title_of(event: DataEvent) -> str:
    """Say what happened, with the model's name."""
    return f"{event.model.name}: {what(event, Names(event.model), Layout.of(event.model).series)}"


def kind_of(kind: DataEvent.Kind) -> RuleKind:
    return RuleKind.DRIFT if kind == DataEvent.Kind.INPUT else RuleKind.RIGHT


def value_of(event: DataEvent) -> float:
    """Return what an event costs in points; where nothing can be expected, all of them if its data moved far."""
    known = [event.figures.get(name) or {} for name in ("expected", "measured")]
    if all(figure.get("value") is None for figure in known):
        return float(_moved_by(event) >= FAR)
    return cost_of(event)


def _moved_by(event: DataEvent) -> float:
    """Return the largest effect among the data that moved."""
    if event.kind != DataEvent.Kind.INPUT:
        return 0.0
    return float(max((change["effect"] or 0.0 for change in event.changes), default=0.0))


def cost_of(event: DataEvent) -> float:
    """Return the points of right decisions that an event costs: measured where most outcomes are known, or expected."""
    figures = event.figures
    pairs = [("measured", "measured_before"), ("expected", "expected_before")]
    if (figures.get("known_share") or 0.0) < 0.9 and event.kind == DataEvent.Kind.INPUT:
        pairs.reverse()
    for name, before in pairs:
        one, other = figures.get(name) or {}, figures.get(before) or {}
        if one.get("value") is not None and other.get("value") is not None:
            return float(other["value"] - one["value"])
    return 0.0


def moved_by(report: Report) -> float:
    """Return by how many half-widths of its range before the figure of a report that moved most did."""
    return max((_moved(each["was"], each["figure"]) for each in report.document["restatements"]), default=0.0)


def _moved(before: dict[str, Any], now: dict[str, Any]) -> float:
    if None in (now["value"], before["value"], before["low"], before["high"]):
        return 0.0
    half = (before["high"] - before["low"]) / 2
    return float(abs(now["value"] - before["value"]) / half) if half > 0 else 0.0


def _page(model: MonitoredModel, name: str) -> str:
    return reverse(name, args=[model.project.slug, model.slug])


Look = Callable[[MonitoredModel, datetime], Iterable[Sign]]
LOOKS: dict[RuleKind, Look] = {
    RuleKind.SILENCE: silence,
    RuleKind.INCIDENT: incidents,
    RuleKind.DRIFT: drift,
    RuleKind.RIGHT: right,
    RuleKind.RESTATED: restated,
    RuleKind.QUEUE_LATE: late_queues,
    RuleKind.REPORT_FAILED: failed_reports,
}
# Looked at once an hour.
SLOW_LOOKS: dict[RuleKind, Look] = {RuleKind.DRAW_CHECK: draw_check}
