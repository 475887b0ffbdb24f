"""The intake page: what it counts, who may see it, and how many queries it needs."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from apps.accounts.models import Role
from apps.common.bars import Bar, BarChart
from apps.common.charts import Line, Rect, round_top
from apps.common.clock import database_now
from apps.monitoring.models import FeatureDay
from apps.monitoring.pages.feature_health import feature_health
from apps.monitoring.pages.intake import Latency, Volume, intake, latencies
from apps.monitoring.services import inspecting
from apps.predictions.models import Batch, BatchStage, RejectedCount
from tests.factories import (
    draw_all,
    make_member,
    make_model,
    make_project,
    prediction_row,
    push_outcomes,
    push_predictions,
)

pytestmark = pytest.mark.django_db
URL = "/p/credit/models/loans/intake/"
NOW = datetime(2026, 11, 10, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Visit:
    def __init__(self, role: Role = Role.ENGINEER, **project) -> None:
        self.project = make_project("credit")
        self.model = make_model(self.project, "loans")
        self.client = Client()
        self.client.force_login(make_member(self.project, role).user)

    def text(self) -> str:
        answer = self.client.get(URL)
        assert answer.status_code == 200
        return answer.content.decode()

    def push(self, *numbers, at=NOW, **changes):
        """Push predictions that arrive at that moment."""
        before = set(Batch.objects.values_list("pk", flat=True))
        known = set(RejectedCount.objects.values_list("pk", flat=True))
        push_predictions(self.model, [prediction_row(n, **changes) for n in numbers])
        Batch.objects.exclude(pk__in=before).update(received_at=at)
        RejectedCount.objects.exclude(pk__in=known).update(received_at=at)


@pytest.fixture
def visit() -> Visit:
    return Visit()


def test_volumes_are_the_same_before_and_after_inspection(visit):
    visit.push(1, 2, 3, at=NOW - HOUR)
    visit.push(1, 2, 4, at=NOW)
    visit.push(5, at=NOW, score=7)
    visit.push(6, at=NOW - timedelta(days=31))
    hour = NOW.replace(minute=0)
    expected = {hour - HOUR: Volume(3, 0, 0), hour: Volume(1, 2, 1)}
    assert dict(intake(visit.model, now=NOW).by_hour["predictions"]) == expected
    inspecting.inspect_due()
    assert dict(intake(visit.model, now=NOW).by_hour["predictions"]) == expected


def test_rejected_rows_are_counted_by_code_and_day_even_of_pushes_that_stored_nothing(visit):
    visit.push(1, 2, at=NOW, score=7)
    visit.push(3, at=NOW - timedelta(days=1), prediction="perhaps")
    today = NOW.date()
    rejected = intake(visit.model, now=NOW).rejected
    assert {code: dict(days) for code, days in rejected.items()} == {
        "probability_range": {today: 2},
        "unknown_class": {today - timedelta(days=1): 1},
    }


def test_days_are_in_the_projects_time_zone(visit):
    visit.project.time_zone = "Asia/Tokyo"
    visit.project.save()
    visit.model.project = visit.project
    late = datetime(2026, 11, 10, 16, 0, tzinfo=UTC)
    visit.push(1, at=late)
    received = intake(visit.model, now=late)
    assert received.by_day("predictions")[received.days[-1]].accepted == 1
    assert received.days[-1].day == 11


def test_latency_is_the_time_from_arrival_to_draw_by_hour_of_arrival(visit):
    for n, seconds in enumerate((1, 2, 3, 4, 100)):
        visit.push(n, at=NOW)
        batch = Batch.objects.latest("pk")
        done = NOW + timedelta(seconds=seconds)
        BatchStage.objects.filter(batch=batch, stage="draw").update(done_at=done)
    visit.push(9, at=NOW)
    measured = latencies(visit.model, now=NOW)
    # 1, 2, 3, 4, 100: the median is 3, the 95th percentile 4 + 0.8 · 96 by linear interpolation.
    assert measured == {NOW.replace(minute=0): Latency(3.0, pytest.approx(80.8))}


def feature_day(visit, day, feature="age", **counts):
    version, _ = visit.model.versions.get_or_create(name="v1")
    fields = dict.fromkeys(inspecting.COUNTS, 0) | {"rows": 1_000} | counts
    FeatureDay.objects.create(model=visit.model, version=version, day=day, feature=feature, **fields)


def test_a_feature_that_changed_stands_out_and_comes_first(visit):
    today = NOW.date()
    for feature, now, before in (("age", 12, 10), ("sex", 300, 10)):
        feature_day(visit, today, feature, nulls=now)
        feature_day(visit, today - timedelta(days=7), feature, missing=before)
        feature_day(visit, today - timedelta(days=8), feature, missing=1_000)
    first, second = feature_health(visit.model, now=NOW)
    assert (first.name, first.stands_out, second.name, second.stands_out) == ("sex", True, "age", False)
    empty = first.shares[0]
    assert (empty.today, empty.before) == (0.3, 0.01)


def test_few_rows_are_no_change(visit):
    feature_day(visit, NOW.date(), rows=5, nulls=1)
    feature_day(visit, NOW.date() - timedelta(days=1), rows=1_000)
    (age,) = feature_health(visit.model, now=NOW)
    assert not age.stands_out


def test_bars_are_stacked_up_to_the_top():
    series = (("a", "one"), ("b", "two"))
    bars = BarChart("Rows", "rows", series, ("Hour", "a", "b"), (Bar("1", (30, 10), ("30", "10")),))
    assert bars.top == 40
    for plot in (bars.chart.wide, bars.chart.phone):
        one, two = (mark for mark in plot.marks if isinstance(mark, Rect))
        assert (one.css, two.css) == ("one", "two")
        assert one.height == pytest.approx(3 * two.height, abs=0.2)
        assert two.y + two.height == pytest.approx(one.y, abs=0.1)
        # The stack reaches from the line at zero to the line of the highest tick.
        lines = [mark.y1 for mark in plot.marks if isinstance(mark, Line)]
        assert (two.y, one.y + one.height) == (pytest.approx(min(lines), abs=0.1), pytest.approx(max(lines), abs=0.1))


@pytest.mark.parametrize(("value", "top"), [(0, 1), (1, 1), (1.01, 1.2), (3, 3), (7, 8), (10, 10), (0.031, 0.04)])
def test_the_scale_ends_at_a_round_number(value, top):
    assert round_top(value, 4) == top


def test_the_page_shows_what_was_received(visit):
    push_predictions(visit.model, [prediction_row(1), prediction_row(2, score=7)])
    push_outcomes(visit.model, [{"id": "case-1", "outcome": "yes", "occurred_at": "2026-03-20T00:00:00Z"}])
    draw_all(visit.model)
    inspecting.inspect_due()
    page = visit.text()
    for part in ("Predictions", "Outcomes", "probability_range", "score is 7", "From arrival to draw", "Age"):
        assert part in page
    assert "<svg" in page
    assert "style=" not in page


def test_an_empty_page_says_what_to_do(visit):
    page = visit.text()
    assert "Nothing arrived in the last 30 days" in page
    assert "Time to draw" not in page


def test_sent_names_are_escaped(visit):
    push_predictions(visit.model, [prediction_row(1, features={"<script>alert(1)</script>": 1})])
    inspecting.inspect_due()
    page = visit.text()
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page


def test_the_page_needs_no_more_queries_for_many_batches(visit, django_assert_max_num_queries):
    for n in range(30):
        push_predictions(visit.model, [prediction_row(n), prediction_row(1_000 + n, score=7)])
    draw_all(visit.model)
    inspecting.inspect_due()
    with django_assert_max_num_queries(14):
        visit.client.get(URL)


def test_the_model_page_links_to_the_data_and_those_to_intake(visit):
    data = "/p/credit/models/loans/data/"
    assert data in visit.client.get("/p/credit/models/loans/").content.decode()
    assert URL in visit.client.get(data).content.decode()


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.REVIEWER, Role.ADJUDICATOR])
def test_the_page_is_for_engineers(role):
    assert Visit(role).client.get(URL).status_code == 403


@pytest.mark.slow
def test_the_page_needs_no_heavy_libraries():
    """A fresh process that imports the page's modules loads no plotting or statistics library."""
    import subprocess
    import sys

    code = "import django; django.setup(); from apps.monitoring.pages import charts, feature_health; "
    code += "import sys; print([name for name in ('matplotlib', 'scipy', 'pandas') if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment())
    assert answer.stdout.strip() == "[]"


def environment():
    import os

    return os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings", "COUNTERSIGN_SECRET_KEY": "x"}


def test_the_current_hour_is_the_last_bar(visit):
    push_predictions(visit.model, [prediction_row(1)])
    received = intake(visit.model, now=database_now())
    assert received.by_hour["predictions"][received.hours[-1]].accepted == 1
