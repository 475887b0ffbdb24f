"""Projects with the figures of months planted as headlines, so that a test says what is known."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from apps.home.services.months import following, preceding
from apps.notifications.models import Alert
from apps.registry.models import MonitoredModel
from apps.reports.models import Headline, Kind
from apps.reports.services.weekly import Week
from apps.review.services import open_due_items
from apps.sampling.services import policies
from tests.factories import draw_all, prediction_row, push_predictions
from tests.reports.stored import make_report

# The last month and the one before it; nothing is planted in this one.
TODAY = datetime.now(UTC).date()
LAST = preceding(TODAY.replace(day=1))
BEFORE = preceding(LAST)
NOW = datetime.combine(TODAY, time(), tzinfo=UTC)


def draw_everything(model: MonitoredModel, *, rows: int) -> None:
    """Push predictions, draw all of them and open their cases."""
    policies.put_document(model, {"floor": 1.0})
    push_predictions(model, [prediction_row(number) for number in range(rows)])
    draw_all(model)
    open_due_items()


def plant(
    model: MonitoredModel,
    kind: Kind,
    figure: tuple[float, float, float] | None,
    *,
    month: date = LAST,
    document: Any = None,
    **changes: Any,
) -> Headline:
    """Store a report on a month with this headline: value, low and high, None without a figure."""
    report = make_report(
        model, kind, start=month, end=following(month), document=document or {}, seq=Headline.objects.count(), as_of=NOW
    )
    value, low, high = figure or (None, None, None)
    is_value = kind == Kind.VALUE
    fields: dict[str, Any] = {
        "model": model,
        "kind": kind,
        "start": report.start,
        "end": report.end,
        "as_of": NOW,
        "n": 10_000,
        "metric": "value_difference" if is_value else "accuracy",
        "value": value,
        "low": low,
        "high": high,
        "currency": "USD" if is_value else "",
        "review_cost": Decimal("120.00") if is_value else None,
        "is_final": False,
        "is_newly_final": False,
        "is_newest": True,
        "created_at": NOW,
        **changes,
    }
    planted: Headline = Headline.objects.create(report=report, **fields)
    return planted


def weeks(values: list[float], *, until: date, half: float = 0.03, is_open: bool = True) -> list[list[Any]]:
    """Weeks of a hundred predictions each up to a day, as they are stored."""
    monday = until - timedelta(days=until.weekday())
    firsts = [monday - timedelta(weeks=back) for back in reversed(range(len(values)))]
    found = [
        Week(first, 100.0, 100 * value, (100 * half) ** 2, (100 * half) ** 2, is_open=is_open and first == monday)
        for first, value in zip(firsts, values, strict=True)
    ]
    return [week.stored for week in found]


def make_alert(model: MonitoredModel, **changes: Any) -> Alert:
    fields: dict[str, Any] = {
        "kind": "drift",
        "state": "firing",
        "fired_at": NOW,
        "value": 1.0,
        "title": f"{model.name}: flats are valued too high.",
        "url": "/",
        "subject": f"subject {Alert.objects.count()}",
        **changes,
    }
    alert: Alert = Alert.objects.create(model=model, **fields)
    return alert
