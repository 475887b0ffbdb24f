"""Failures that the score does not show: bounded where chance alone found none, as the cases were drawn."""

import numpy as np
import pytest

from apps.reports.models import Report
from apps.reports.pages.caveat_wording import caveat
from apps.review.models import ReviewItem
from apps.sampling.models import Draw
from apps.sampling.services import policies
from apps.sampling.services.chance import drawn_by_chance_alone
from apps.truth.services import resolving as truth
from tests.reports.worlds import World, label_draws, make_world, report_of, uncertainty

pytestmark = pytest.mark.django_db

FLOOR, SIZE = 0.05, 3_000


def half_right() -> World:
    """A world whose sure predictions are all right; of the unsure ones, half."""
    world = make_world(SIZE, policies={"floor": FLOOR, "policies": [uncertainty(0.5)]})
    predicted = np.array([row["prediction"] == "yes" for row in world.rows]).astype(int)
    score = np.array([row["score"] for row in world.rows])
    unsure = 4 * score * (1 - score) * 0.5 >= FLOOR
    world.y = np.where(unsure & (np.arange(SIZE) % 2 == 0), 1 - predicted, predicted)
    return world


def bound_of(report: Report) -> float | None:
    found = [each["details"]["share"] for each in report.document["caveats"] if each["code"] == "missed_errors"]
    return found[0] if found else None


def by_chance(world: World) -> list[Draw]:
    draws = list(Draw.objects.filter(model=world.model, is_blind=True).select_related("prediction").order_by("pk"))
    ids = [draw.prediction.external_id for draw in draws]
    marked = drawn_by_chance_alone(world.model, ids, [draw.probabilities for draw in draws])
    return [draw for draw, is_mine in zip(draws, marked, strict=True) if is_mine]


@pytest.mark.slow
def test_no_error_by_chance_alone_bounds_what_is_missed_by_the_floor_as_drawn():
    """Other policies find many errors, chance alone none: at most 3/(3,000 · .05) are missed, whatever comes later."""
    world = half_right()
    label_draws(world)
    report = report_of(world)
    assert bound_of(report) == pytest.approx(3 / (SIZE * FLOOR))
    (entry,) = [each for each in report.document["caveats"] if each["code"] == "missed_errors"]
    assert caveat(entry).startswith("Among the cases that chance alone picked, none was wrong. With 95 % confidence")
    policies.put_document(world.model, {"floor": 0.5, "policies": []})
    assert bound_of(report_of(world, as_of=None)) == pytest.approx(3 / (SIZE * FLOOR))


@pytest.mark.slow
def test_half_of_the_answers_bound_half_as_well():
    world = half_right()
    label_draws(world, answered=0.5)
    assert bound_of(report_of(world)) == pytest.approx(3 / (SIZE * FLOOR * 0.5), rel=0.15)


@pytest.mark.slow
def test_one_error_by_chance_alone_takes_the_bound_away():
    world = half_right()
    label_draws(world)
    item = ReviewItem.objects.get(draw=by_chance(world)[0])
    item.label = 1.0 - item.label
    item.needs_resolution = True
    item.save()
    truth.resolve_due()
    assert bound_of(report_of(world)) is None


@pytest.mark.slow
def test_an_error_that_another_policy_drew_leaves_the_bound():
    world = half_right()
    label_draws(world)
    own = {draw.pk for draw in by_chance(world)}
    item = ReviewItem.objects.exclude(draw__in=own).first()
    item.label = 1.0 - item.label
    item.needs_resolution = True
    item.save()
    truth.resolve_due()
    assert bound_of(report_of(world)) == pytest.approx(3 / (SIZE * FLOOR))
