"""Restatements and refresh: a later report says what changed and why; the earlier one stays as it was."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.reports import services as reports
from apps.reports.models import Report, ReportJob
from apps.truth.services import resolving as truth
from tests.factories import push_outcomes
from tests.reports.worlds import FIRST, World, close_days, figures_of, label_draws, make_world, report_of, send_outcomes

pytestmark = pytest.mark.django_db


def correct(world: World, numbers: range) -> None:
    """Later outcomes that say the opposite of the first ones."""
    said = ("yes", "no")
    rows = [
        {"id": f"case-{number}", "outcome": said[world.y[number]], "occurred_at": "2026-04-09T00:00:00Z"}
        for number in numbers
    ]
    push_outcomes(world.model, rows)
    truth.resolve_due()


@pytest.fixture
def closed() -> World:
    world = make_world(400, days=4)
    send_outcomes(world, range(400))
    close_days(world, before=4)
    return world


def test_a_corrected_outcome_restates_the_figure(closed):
    first = report_of(closed)
    before = figures_of(first)["accuracy"]
    correct(closed, range(40))
    second = report_of(closed)

    assert second.previous == first
    (restated,) = [entry for entry in second.document["restatements"] if entry["metric"] == "accuracy"]
    assert restated["was"] == before
    assert restated["figure"] == figures_of(second)["accuracy"] != before
    assert (restated["previous"], restated["why"]) == (first.pk, {"corrections": 40})

    first.refresh_from_db()
    assert figures_of(first)["accuracy"] == before


def test_a_report_as_of_an_earlier_moment_knows_no_more_than_that(closed):
    first = report_of(closed)
    moment = timezone.now()
    correct(closed, range(40))
    again = report_of(closed, as_of=moment)

    assert again.seq == first.seq
    assert figures_of(again) == figures_of(first)
    assert figures_of(report_of(closed))["accuracy"] != figures_of(first)["accuracy"]


def test_new_labels_are_counted_as_the_reason():
    world = make_world(2_000, days=4)
    label_draws(world, answered=0.2)
    first = report_of(world)
    from apps.review.models import ReviewItem

    open_items = ReviewItem.objects.filter(label=None).select_related("prediction")
    for item in open_items:
        label = float(world.y[int(item.prediction.external_id.removeprefix("case-"))])
        ReviewItem.objects.filter(pk=item.pk).update(label=label, needs_resolution=True)
    added = ReviewItem.objects.filter(needs_resolution=True).count()
    truth.resolve_due()
    second = report_of(world)

    assert first.document["restatements"] == []
    assert second.document["restatements"][0]["why"] == {"labels": added}


def test_a_figure_that_reads_the_same_is_no_restatement(closed):
    report_of(closed)
    push_outcomes(closed.model, [{"id": "of-another-window", "outcome": "yes", "occurred_at": "2026-04-09T00:00:00Z"}])
    truth.resolve_due()
    assert report_of(closed).document["restatements"] == []


def test_an_overtaken_report_is_asked_for_again_once_it_is_quiet(closed):
    first = report_of(closed)
    correct(closed, range(10))

    assert reports.refresh_due(now=first.created_at + timedelta(minutes=14)) == 0
    assert reports.refresh_due(now=first.created_at + timedelta(minutes=16)) == 1
    # The one that is under way is enough.
    assert reports.refresh_due(now=first.created_at + timedelta(minutes=17)) == 0
    job = ReportJob.objects.latest("id")
    assert (job.start, job.end, job.kind, job.slices) == (first.start, first.end, first.kind, ["sex"])

    reports.run_due()
    assert Report.objects.latest("id").previous == first
    assert reports.refresh_due(now=first.created_at + timedelta(hours=1)) == 0


def test_a_changed_outcome_makes_due_the_windows_that_it_touches_and_no_other(closed):
    days = [FIRST + timedelta(days=number) for number in range(5)]
    windows = [(days[0], days[2]), (days[2], days[4]), (days[1], days[3]), (days[0], days[4])]
    for start, end in windows:
        reports.request_report(closed.model, "performance", start, end)
    reports.run_due()
    later = timezone.now() + timedelta(hours=1)
    assert reports.refresh_due(now=later) == 0

    correct(closed, range(3, 4))  # of the last day
    assert reports.refresh_due(now=later) == 2
    due = ReportJob.objects.filter(report=None).order_by("start")
    assert list(due.values_list("start", "end")) == [windows[3], windows[1]]


def test_what_is_not_overtaken_is_left_alone(closed):
    first = report_of(closed)
    assert reports.refresh_due(now=first.created_at + timedelta(hours=1)) == 0


def test_a_report_as_of_a_moment_is_never_made_again(closed):
    report_of(closed, as_of=timezone.now())
    correct(closed, range(10))
    assert reports.refresh_due(now=timezone.now() + timedelta(hours=1)) == 0


def test_days_that_became_final_make_a_window_due():
    world = make_world(200, days=4)
    close_days(world, before=2)
    first = report_of(world)

    end_of_day = first.created_at.replace(hour=23, minute=59, second=59)
    assert reports.refresh_due(now=min(first.created_at + timedelta(hours=1), end_of_day)) == 0
    assert reports.refresh_due(now=first.created_at + timedelta(days=2)) == 1
