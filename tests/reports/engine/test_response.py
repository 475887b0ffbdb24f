"""Answers from a queue that serves by amount or due time count once the window is drained."""

import pytest

from apps.review.models import ReviewItem
from apps.truth.services import resolving as truth
from tests.reports.worlds import World, figures_of, label_draws, make_world, report_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = make_world(1_500)
    label_draws(world, answered=0.6)
    return world


def test_half_a_queue_served_by_stakes_gives_no_figure_and_a_caveat(world: World) -> None:
    ReviewItem.objects.update(order="stakes")
    report = report_of(world)
    accuracy = figures_of(report)["accuracy"]
    assert (accuracy["value"], accuracy["code"]) == (None, "no_response")
    answered = ReviewItem.objects.exclude(label=None).count()
    waiting = ReviewItem.objects.filter(label=None).count()
    details = {caveat["code"]: caveat["details"] for caveat in report.document["caveats"]}
    assert details["not_drained"] == {"n": answered, "waiting": waiting}
    assert report.document["sample"]["answered"] == 0


def test_a_drained_queue_counts_in_any_order(world: World) -> None:
    ReviewItem.objects.update(order="stakes")
    for item in ReviewItem.objects.filter(label=None).select_related("prediction"):
        item.label = float(world.y[int(item.prediction.external_id.removeprefix("case-"))])
        item.needs_resolution = True
        item.save()
    truth.resolve_due()
    report = report_of(world)
    accuracy = figures_of(report)["accuracy"]
    predicted, _, true = world.select(range(world.days))
    assert accuracy["low"] <= (predicted == true).mean() <= accuracy["high"]
    assert "not_drained" not in {caveat["code"] for caveat in report.document["caveats"]}


def test_answers_of_a_queue_in_random_order_count_while_others_wait(world: World) -> None:
    assert figures_of(report_of(world))["accuracy"]["value"] is not None
