"""Restatements: a later report says what changed and why; the earlier one stays as it was."""

import pytest
from django.utils import timezone

from apps.review.models import ReviewItem
from apps.truth.services import resolving as truth
from tests.factories import push_outcomes
from tests.reports.worlds import (
    World,
    close_days,
    correct_outcomes,
    figures_of,
    label_draws,
    make_world,
    report_of,
    send_outcomes,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def closed() -> World:
    world = make_world(400, days=4)
    send_outcomes(world, range(400))
    close_days(world, before=4)
    return world


@pytest.mark.slow
def test_a_corrected_outcome_restates_the_figure(closed):
    first = report_of(closed)
    before = figures_of(first)["accuracy"]
    correct_outcomes(closed, range(40))
    second = report_of(closed)

    assert second.previous == first
    (restated,) = [entry for entry in second.document["restatements"] if entry["metric"] == "accuracy"]
    assert restated["was"] == before
    assert restated["figure"] == figures_of(second)["accuracy"] != before
    assert (restated["previous"], restated["why"]) == (first.pk, {"corrections": 40})

    first.refresh_from_db()
    assert figures_of(first)["accuracy"] == before


@pytest.mark.slow
def test_a_report_as_of_an_earlier_moment_knows_no_more_than_that(closed):
    first = report_of(closed)
    moment = timezone.now()
    correct_outcomes(closed, range(40))
    again = report_of(closed, as_of=moment)

    assert again.seq == first.seq
    assert figures_of(again) == figures_of(first)
    assert figures_of(report_of(closed))["accuracy"] != figures_of(first)["accuracy"]


@pytest.mark.slow
def test_new_labels_are_counted_as_the_reason():
    world = make_world(2_000, days=4)
    label_draws(world, answered=0.2)
    first = report_of(world)
    open_items = ReviewItem.objects.filter(label=None).select_related("prediction")
    for item in open_items:
        label = float(world.y[int(item.prediction.external_id.removeprefix("case-"))])
        ReviewItem.objects.filter(pk=item.pk).update(label=label, needs_resolution=True)
    added = ReviewItem.objects.filter(needs_resolution=True).count()
    truth.resolve_due()
    second = report_of(world)

    assert first.document["restatements"] == []
    assert second.document["restatements"][0]["why"] == {"labels": added}


@pytest.mark.slow
def test_a_figure_that_reads_the_same_is_no_restatement(closed):
    report_of(closed)
    push_outcomes(closed.model, [{"id": "of-another-window", "outcome": "yes", "occurred_at": "2026-04-09T00:00:00Z"}])
    truth.resolve_due()
    assert report_of(closed).document["restatements"] == []
