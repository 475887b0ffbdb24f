"""What decisions cost, and how they divide: other amounts can be tried on them."""

from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from apps.accounts.models import Role
from apps.registry.models import ValueModel
from apps.reports.services.visible import without_single_cases
from apps.review.models import Decision, ReviewItem, Slot
from apps.sampling.models import Draw
from tests.factories import make_member
from tests.reports.worlds import World, close_days, label_draws, make_world, report_of, send_outcomes

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

WORTH = {"no": {"no": "650", "yes": "-250"}, "yes": {"no": "0", "yes": "0"}}


def price(world: World, **changes: Any) -> None:
    ValueModel.objects.create(model=world.model, version=1, currency="USD", matrix=WORTH, **changes)


def answer(world: World, *, many: int, ms: int | None) -> None:
    """Somebody answers cases of the window, each in this time."""
    reviewer = make_member(world.model.project, Role.REVIEWER).user
    for item in ReviewItem.objects.filter(draw__in=Draw.objects.filter(model=world.model)).order_by("pk")[:many]:
        slot = Slot.objects.create(
            item=item,
            queue=item.queue,
            position=Slot.objects.filter(item=item).count(),
            reviewer=reviewer,
            order_key=0.5,
            outcome=Slot.Outcome.ANSWERED,
            closed_at=item.opened_at,
        )
        Decision.objects.create(
            slot=slot,
            item=item,
            reviewer=reviewer,
            was_blind=True,
            verdict="agree",
            value=1.0,
            active_ms=ms,
            lease_token=uuid4(),
        )


def test_a_decision_costs_serving_and_its_share_of_the_reviews():
    """1,000 at 0.02 are 20; 10 reviews at 3 are 30; that is 0.05 a decision."""
    world = make_world(1_000, days=4)
    price(world, serving_cost="0.02", review_cost=3)
    label_draws(world, answered=0.0)
    answer(world, many=10, ms=360_000)
    costs = report_of(world, "value").document["value"]["costs"]
    assert (costs["serving_each"], costs["serving"], costs["per_decision"]) == ("0.02", "20.00", "0.050000")
    # Ten times six minutes.
    assert costs["review_hours"] == pytest.approx(1.0)


def test_answers_without_a_time_count_as_the_others_do():
    world = make_world(1_000, days=4)
    price(world)
    label_draws(world, answered=0.0)
    answer(world, many=10, ms=360_000)
    answer(world, many=5, ms=None)
    assert report_of(world, "value").document["value"]["costs"]["review_hours"] == pytest.approx(1.5)


def test_without_a_recorded_time_nothing_is_said_of_hours():
    world = make_world(200, days=2)
    price(world)
    assert report_of(world, "value").document["value"]["costs"]["review_hours"] is None


def test_the_table_of_decisions_gives_the_value_at_any_amounts():
    world = make_world(1_000, days=4)
    price(world)
    send_outcomes(world, range(1_000))
    close_days(world, before=4)
    document = report_of(world, "value").document
    found = document["value"]["decisions"]
    predicted = np.array([row["prediction"] == "yes" for row in world.rows]).astype(int)
    counted = np.zeros((2, 2))
    np.add.at(counted, (predicted, world.y), 1)
    assert found["classes"] == ["no", "yes"]
    assert np.array(found["table"]) * found["traffic"] == pytest.approx(counted)
    per_decision = (np.array(found["table"]) * [[650, -250], [0, 0]]).sum()
    assert per_decision * 1_000 == pytest.approx(document["sections"]["closed"]["value_per_1000"]["value"])
    # No prediction came with an amount.
    assert found["by_amount"] is None
    assert without_single_cases(document)["value"]["decisions"] is None


def test_from_reviews_it_adds_up_to_the_estimated_value():
    world = make_world(2_000)
    price(world)
    label_draws(world)
    document = report_of(world, "value").document
    table = np.array(document["value"]["decisions"]["table"])
    assert table.sum() == pytest.approx(1.0)
    value = document["sections"]["all"]["value_per_1000"]["value"]
    assert (table * [[650, -250], [0, 0]]).sum() * 1_000 == pytest.approx(value)
