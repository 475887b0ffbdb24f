"""Where money is lost: slices above the average, ranked by what they lose at least."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from apps.registry.models import ValueModel
from apps.reports.engine.losses import MOSTLY
from apps.truth.services import resolving
from tests.factories import draw_all, make_model, push_outcomes, push_predictions
from tests.reports.worlds import World, close_days, label_draws, make_world, report_of, send_outcomes

pytestmark = pytest.mark.django_db

# An offer to everybody predicted "no": it costs 250, and is worth 900 where the truth is "no".
WORTH = {"no": {"no": "650", "yes": "-250"}, "yes": {"no": "0", "yes": "0"}}
# Against being right: an offer in vain costs 250, a missed one 650.
COST = np.array([[0, 250], [650, 0]])
SEX = {"name": "sex", "feature": "sex", "edges": []}


def ages(name: str, *edges: float) -> dict[str, Any]:
    return {"name": name, "feature": "age", "edges": list(edges)}


def price(world: World, **changes: Any) -> None:
    ValueModel.objects.create(
        model=world.model, version=1, currency="USD", matrix=WORTH, review_cost=Decimal("2.50"), **changes
    )


def lost(world: World) -> np.ndarray:
    predicted = np.array([row["prediction"] == "yes" for row in world.rows]).astype(int)
    return COST[predicted, world.y]


def section(world: World) -> dict[str, Any]:
    return report_of(world, "value").document["value"]


def closed_world(size: int = 1_000, **changes: Any) -> World:
    world = make_world(size, days=4, **changes)
    price(world)
    send_outcomes(world, range(size))
    close_days(world, before=4)
    return world


@pytest.mark.slow
def test_with_known_outcomes_the_loss_above_the_average_is_counted():
    world = closed_world()
    found = section(world)
    each, sex = lost(world), np.array([row["features"]["sex"] for row in world.rows])
    assert found["loss_average"]["value"] == pytest.approx(each.mean() * 1_000)
    dearer = max((1, 2), key=lambda value: each[sex == value].mean())
    (loss,) = found["losses"]
    assert (loss["value"], loss["n"], loss["traffic"]) == (str(dearer), 500, 500.0)
    assert loss["above"]["value"] == pytest.approx((each[sex == dearer].mean() - each.mean()) * 1_000)
    assert loss["lost"]["value"] == pytest.approx(each[sex == dearer].sum())
    assert loss["above"]["method"] == "exact"


@pytest.mark.slow
def test_the_main_mistake_is_the_one_that_most_money_goes_to():
    world = closed_world()
    (loss,) = section(world)["losses"]
    sex = np.array([str(row["features"]["sex"]) for row in world.rows]) == loss["value"]
    predicted = np.array([row["prediction"] == "yes" for row in world.rows]).astype(int)
    missed = 650 * (sex & (predicted == 1) & (world.y == 0)).sum()
    vain = 250 * (sex & (predicted == 0) & (world.y == 1)).sum()
    assert (loss["predicted"], loss["truth"]) == (("yes", "no") if missed > vain else ("no", "yes"))


@pytest.mark.slow
def test_slices_are_ranked_by_the_lower_ends_of_their_ranges():
    world = make_world(3_000, slices=[SEX, ages("age", 30, 40, 50, 60, 70)])
    price(world)
    label_draws(world, answered=0.8)
    found = section(world)
    assert found["losses_tested"] == 8
    firm = [loss["above"]["low"] for loss in found["losses"] if loss["above"]["code"] != "preliminary"]
    assert firm == sorted(firm, reverse=True)
    assert all(loss["above"]["low"] < loss["above"]["value"] < loss["above"]["high"] for loss in found["losses"])


@pytest.mark.slow
def test_a_slice_in_which_the_model_fails_is_found_from_reviews():
    """The model is wrong about everybody under 30, and no score says so."""
    world = make_world(6_000, slices=[SEX, ages("age", 30, 50, 70)], policies={"floor": 0.3, "policies": []})
    young = np.array([row["features"]["age"] < 30 for row in world.rows])
    world.y[young] = [int(row["prediction"] == "no") for row in np.array(world.rows)[young]]
    price(world)
    label_draws(world)
    found = section(world)
    first = found["losses"][0]
    truly = (lost(world)[young].mean() - lost(world).mean()) * 1_000
    assert (first["name"], first["value"]) == ("age", "under 30")
    assert 0 < first["above"]["low"] < truly < first["above"]["high"]


@pytest.mark.slow
def test_slices_that_share_most_cases_name_each_other():
    """Under 50 and under 45 are largely the same people; under 50 and the sexes are not."""
    world = make_world(2_000, slices=[SEX, ages("age", 50), ages("work", 45)], days=4)
    price(world)
    young = np.array([row["features"]["age"] < 45 for row in world.rows])
    world.y[young] = [int(row["prediction"] == "no") for row in np.array(world.rows)[young]]
    send_outcomes(world, range(2_000))
    close_days(world, before=4)
    by_name = {loss["name"]: loss for loss in section(world)["losses"]}
    assert [each["name"] for each in by_name["age"]["overlaps"]] == ["work"]
    assert [each["name"] for each in by_name["work"]["overlaps"]] == ["age"]
    # All of those under 45 are under 50.
    assert by_name["work"]["overlaps"][0]["share"] == 1.0 > MOSTLY


@pytest.mark.slow
def test_a_slice_with_few_labels_does_not_stand_first():
    world = make_world(3_000, slices=[ages("age", 21, 30, 50)], policies={"floor": 0.1, "policies": []})
    price(world)
    young = np.array([row["features"]["age"] < 21 for row in world.rows])
    world.y[young] = [int(row["prediction"] == "no") for row in np.array(world.rows)[young]]
    label_draws(world)
    last = section(world)["losses"][-1]
    assert (last["value"], last["above"]["code"]) == ("under 21", "preliminary")
    assert last["above"]["labels_needed"] > 0


@pytest.mark.slow
def test_of_several_classes_any_mistake_counts():
    """900 predictions, each third of one class; only of those of sex 1 is every second "pine" an "ash"."""
    kinds = ["oak", "pine", "ash"]
    worth = {p: {t: "0" if p == t else "-30" for t in kinds} for p in kinds}
    model = make_model(task="multiclass", classes=kinds, class_labels={}, positive_class="")
    ValueModel.objects.create(model=model, version=1, currency="EUR", matrix=worth)
    rows = [
        {
            "id": f"case-{number}",
            "predicted_at": "2026-03-01T12:00:00Z",
            "version": "v1",
            "features": {"age": 30, "sex": 1 + number % 2},
            "prediction": kinds[number % 3],
            "probabilities": {kinds[number % 3]: 0.8, kinds[number % 3 - 1]: 0.2},
        }
        for number in range(900)
    ]
    push_predictions(model, rows)
    draw_all(model)
    truth = np.array([2 if number % 3 == 1 and number % 4 == 0 else number % 3 for number in range(900)])
    outcomes = [{"id": row["id"], "outcome": kinds[k], "occurred_at": "2026-03-02T12:00:00Z"}
                for row, k in zip(rows, truth, strict=True)]  # fmt: skip
    push_outcomes(model, outcomes)
    resolving.resolve_due()
    world = World(model, rows, truth, 1)
    close_days(world, before=1)
    found = section(world)
    # 75 of the 900 are wrong, all of them among the 450 of sex 1.
    assert found["loss_average"]["value"] == pytest.approx(75 * 30 / 900 * 1_000)
    (loss,) = found["losses"]
    assert (loss["value"], loss["predicted"], loss["truth"]) == ("1", "pine", "ash")
    assert loss["above"]["value"] == pytest.approx((75 / 450 - 75 / 900) * 30 * 1_000)


@pytest.mark.slow
@pytest.mark.parametrize("is_per_amount", [False, True])
def test_numbers_lose_by_the_unit_they_are_off(is_per_amount: bool):
    """Predictions are 2 too high for sex 1 and 1 too low for sex 2; each with an amount of 3."""
    rules = {"classes": [], "positive_class": "", "class_labels": {}, "prediction_range": [0, 100]}
    model = make_model(task="regression", unit="EUR", **rules)
    costs = {"over_cost": "5", "under_cost": "4", "is_per_amount": is_per_amount}
    ValueModel.objects.create(model=model, version=1, currency="EUR", **costs)
    rows = [
        {
            "id": f"case-{number}",
            "predicted_at": "2026-03-01T12:00:00Z",
            "version": "v1",
            "features": {"age": 30, "sex": 1 + number % 2},
            "prediction": 10 + number % 50,
            "amount": 3,
        }
        for number in range(400)
    ]
    push_predictions(model, rows)
    draw_all(model)
    truth = np.array([row["prediction"] + (1 if row["features"]["sex"] == 2 else -2) for row in rows])
    outcomes = [{"id": row["id"], "outcome": int(true), "occurred_at": "2026-03-02T12:00:00Z"}
                for row, true in zip(rows, truth, strict=True)]  # fmt: skip
    push_outcomes(model, outcomes)
    resolving.resolve_due()
    world = World(model, rows, truth, 1)
    close_days(world, before=1)
    found = section(world)
    stake = 3 if is_per_amount else 1
    # Half of them cost 2 · 5, the others 1 · 4: 7 on average.
    assert found["loss_average"]["value"] == pytest.approx(7_000 * stake)
    (loss,) = found["losses"]
    assert (loss["value"], loss["predicted"], loss["truth"]) == ("1", "over", "")
    assert loss["above"]["value"] == pytest.approx(3_000 * stake)
    assert np.array(found["decisions"]["table"]) == pytest.approx(np.array([[1.0, 0.5]]))
    assert np.array(found["decisions"]["by_amount"]) == pytest.approx(np.array([[3.0, 1.5]]))
