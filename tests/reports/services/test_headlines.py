"""Headlines: the lead figures of reports in narrow rows."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from apps.registry.models import MonitoredModel
from apps.reports.models import Headline, Kind, Report
from apps.reports.services import headlines, record_missing
from apps.reports.services.weekly import Week, pooled, weeks_of
from tests.factories import make_model
from tests.reports.documents import document, figure
from tests.reports.stored import AS_OF, make_report

pytestmark = pytest.mark.django_db


def recorded(report: Report) -> Headline:
    headlines.record(report)
    found: Headline = Headline.objects.get(report=report)
    return found


def test_the_row_has_the_lead_figure_of_the_whole_window() -> None:
    report = make_report(make_model(), "value")
    row, lead = recorded(report), report.document["sections"]["all"]["value_difference"]
    assert (row.metric, row.value, row.low, row.high) == (
        "value_difference",
        lead["value"],
        lead["low"],
        lead["high"],
    )
    assert (row.n, row.currency, str(row.final_through)) == (208_892, "USD", "2026-09-27")
    assert (row.is_final, row.is_newest, row.restated) == (False, True, None)


def test_without_a_baseline_the_worth_of_all_predictions_leads() -> None:
    changed = document("value")
    changed["sections"]["all"]["value_difference"] = figure(None, code="no_baseline")
    assert recorded(make_report(make_model(), "value", document=changed)).metric == "value_total"


def test_the_row_hides_what_stakeholders_may_not_see() -> None:
    changed = document("performance")
    changed["parts"][2]["n"] = 7
    row = recorded(make_report(make_model(), "performance", document=changed))
    assert (row.value, row.code, row.weeks) == (None, "fewer_than_ten", [])


def test_the_row_that_knows_most_is_the_newest_whatever_was_stored_last() -> None:
    model = make_model()
    now, earlier = (
        make_report(model, "value", seq=seq, as_of=AS_OF - timedelta(days=back)) for seq, back in ((5, 0), (4, 9))
    )
    later = make_report(model, "value", seq=6, as_of=AS_OF + timedelta(days=1))
    for report in (now, earlier, later):
        headlines.record(report)
    assert list(Headline.objects.filter(is_newest=True).values_list("report", flat=True)) == [later.pk]
    assert Headline.objects.newest().get().report == later


def test_reports_of_a_version_or_on_the_baseline_have_no_row(django_assert_num_queries: Any) -> None:
    model = make_model()
    version = model.versions.create(name="v1")
    headlines.record(make_report(model, "baseline"))
    headlines.record(make_report(model, "value", version=version))
    assert not Headline.objects.exists()


def test_a_month_is_newly_final_once() -> None:
    model: MonitoredModel = make_model(maturity_days=30)
    month = {"start": date(2026, 10, 1), "end": date(2026, 11, 1)}
    reports: list[Report] = []
    for seq, day in enumerate((20, 1, 2)):
        as_of = datetime(2026, 11 if seq == 0 else 12, day, 12, tzinfo=UTC)
        previous = reports[-1] if reports else None
        reports.append(make_report(model, "value", seq=seq, as_of=as_of, previous=previous, **month))
    assert [(row.is_final, row.is_newly_final) for row in map(recorded, reports)] == [
        (False, False),
        (True, True),
        (True, False),
    ]


def test_reports_of_old_get_their_rows_by_and_by() -> None:
    model = make_model()
    for seq in range(3):
        make_report(model, "performance", seq=seq)
    assert [record_missing(), record_missing()] == [3, 0]
    assert Headline.objects.filter(kind=Kind.PERFORMANCE).count() == 3


def test_days_make_weeks_that_add_up_over_two_reports() -> None:
    def point(day: date, n: int, value: float | None) -> dict[str, Any]:
        figures = {"accuracy": figure(value, 0.1) if value is not None else figure(None, code="no_labels")}
        return {"start": day.isoformat(), "n": n, "figures": figures, "is_closed": True}

    # Friday, 30 October to Monday, 2 November
    october = {"step": "day", "series": [point(date(2026, 10, 30), 100, 0.9), point(date(2026, 10, 31), 100, None)]}
    november = {"step": "day", "series": [point(date(2026, 11, 1), 300, 0.7), point(date(2026, 11, 2), 50, 0.8)]}
    stored = [week.stored for each in (october, november) for week in weeks_of(each, "accuracy")]
    first, second = pooled(map(Week.read, stored))
    # (100 · 0.9 + 300 · 0.7) / 400 = 0.75, ± √(100² · 0.1² + 300² · 0.1²) / 400 = 0.0791
    assert (first.monday, first.n) == (date(2026, 10, 26), 400)
    assert (first.figure.value, first.figure.high) == (pytest.approx(0.75), pytest.approx(0.75 + 0.0790569))
    assert (second.monday, second.figure.value) == (date(2026, 11, 2), pytest.approx(0.8))
