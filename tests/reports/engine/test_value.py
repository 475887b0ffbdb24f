"""Value: closed days are added up, open days are estimated, and each error has its price."""

from decimal import Decimal

import numpy as np
import pytest

from apps.registry.models import ValueModel
from apps.reports.engine.value import threshold_in_use
from apps.reports.pages import wording
from apps.stats.estimators.population import Population
from tests.reports.worlds import (
    World,
    caveat_codes,
    close_days,
    figures_of,
    label_draws,
    make_world,
    report_of,
    send_outcomes,
)

pytestmark = pytest.mark.django_db

# An offer to everybody predicted "no": it costs 250, and is worth 900 where the truth is "no".
WORTH = {"no": {"no": "650", "yes": "-250"}, "yes": {"no": "0", "yes": "0"}}
MATRIX = np.array([[650, -250], [0, 0]])


def price(world: World, **changes) -> ValueModel:
    return ValueModel.objects.create(
        model=world.model, version=1, currency="USD", matrix=WORTH, review_cost=Decimal("2.50"), **changes
    )


def worth(world: World, who: str) -> np.ndarray:
    predicted = np.array([row.get(who) == "yes" for row in world.rows]).astype(int)
    return MATRIX[predicted, world.y]


@pytest.mark.slow
def test_closed_days_are_added_up():
    world = make_world(1_000, days=4)
    price(world)
    send_outcomes(world, range(1_000))
    close_days(world, before=4)
    report = report_of(world, "value")
    own, baseline = worth(world, "prediction"), worth(world, "baseline")

    found = figures_of(report)
    assert found["value_total"]["value"] == pytest.approx(own.sum())
    assert found["value_per_1000"]["value"] == pytest.approx(own.mean() * 1_000)
    assert found["baseline_value_total"]["value"] == pytest.approx(baseline.sum())
    assert found["value_difference"]["value"] == pytest.approx(own.sum() - baseline.sum())
    assert found["value_total"]["method"] == found["value_difference"]["method"] == "exact"


@pytest.mark.slow
def test_one_point_of_accuracy_is_worth_its_share_of_the_errors():
    world = make_world(1_000, days=4)
    price(world)
    send_outcomes(world, range(1_000))
    close_days(world, before=4)
    report = report_of(world, "value")
    predicted = np.array([row["prediction"] == "yes" for row in world.rows]).astype(int)

    # Ten predictions made right: an unneeded offer saves 250, a missed one brings 650.
    missed, vain = ((predicted == 1) & (world.y == 0)).sum(), ((predicted == 0) & (world.y == 1)).sum()
    point = figures_of(report)["accuracy_point_value"]
    assert (point["low"], point["high"]) == (2_500, 6_500)
    assert point["value"] == pytest.approx(10 * (650 * missed + 250 * vain) / (missed + vain))
    kinds = {(kind["predicted"], kind["truth"]): kind["value"] for kind in report.document["value"]["by_error"]}
    assert kinds == {("yes", "no"): pytest.approx(6_500), ("no", "yes"): pytest.approx(2_500)}


@pytest.mark.slow
def test_the_difference_is_that_of_the_predictions_with_a_baseline():
    """Every second prediction came without one: sums, uncorrected figures and the headline leave them out."""
    world = make_world(1_000, days=4, without_baseline=2)
    price(world)
    send_outcomes(world, range(1_000))
    label_draws(world)
    close_days(world, before=4)
    report = report_of(world, "value")
    has_baseline = np.array(["baseline" in row for row in world.rows])
    own, baseline = worth(world, "prediction"), worth(world, "baseline")
    gained = (own - baseline)[has_baseline]
    found = figures_of(report)["value_difference"]
    assert found["value"] == pytest.approx(gained.sum())
    assert report.document["parts"][0]["with_baseline"] == 500
    assert wording.lede(report.document).startswith("From 1 to 4 March 2026, among the 500 of 1,000 predictions")
    alone = report.document["naive"]
    per_prediction = alone["value_difference_per_1000"]["value"] / 1_000
    assert alone["value_difference"]["value"] == pytest.approx(500 * per_prediction)


@pytest.mark.slow
def test_open_days_cover_the_true_sum():
    world = make_world(3_000)
    price(world)
    label_draws(world, answered=0.8)
    found = figures_of(report_of(world, "value"))

    own, baseline = worth(world, "prediction"), worth(world, "baseline")
    assert found["value_total"]["low"] <= own.sum() <= found["value_total"]["high"]
    assert found["baseline_value_total"]["low"] <= baseline.sum() <= found["baseline_value_total"]["high"]
    assert found["value_difference"]["low"] <= own.sum() - baseline.sum() <= found["value_difference"]["high"]


@pytest.mark.slow
def test_the_months_of_the_series_add_up_to_the_whole():
    world = make_world(1_200, days=75)
    price(world)
    send_outcomes(world, range(1_200))
    close_days(world, before=75)
    document = report_of(world, "value").document

    assert [(point["start"], point["end"]) for point in document["series"]] == [
        ("2026-03-01", "2026-04-01"),
        ("2026-04-01", "2026-05-01"),
        ("2026-05-01", "2026-05-15"),
    ]
    total = sum(point["figures"]["value_total"]["value"] for point in document["series"])
    assert total == pytest.approx(document["sections"]["all"]["value_total"]["value"])


def test_amounts_weigh_each_decision():
    world = make_world(600, days=2)
    price(world, is_per_amount=True)
    from apps.predictions.models import Prediction
    from apps.sampling.models import PopulationCell

    Prediction.objects.filter(model=world.model).update(amount=2)
    # Closed days are counted from their rows.
    PopulationCell.objects.filter(model=world.model).update(sum_amount=0, sum_amount2_odds=0, sum_amount4_odds2=0)
    send_outcomes(world, range(600))
    close_days(world, before=2)
    report = report_of(world, "value")

    assert figures_of(report)["value_total"]["value"] == pytest.approx(2 * worth(world, "prediction").sum())
    assert "no_amount" not in caveat_codes(report)


def test_without_a_value_model_the_report_says_so():
    world = make_world(100, days=2)
    report = report_of(world, "value")

    assert figures_of(report)["value_total"]["code"] == "no_value_model"
    assert report.document["value"] is None
    assert "no_value_model" in caveat_codes(report)


def test_the_threshold_in_use_is_read_from_the_predictions() -> None:
    score = np.random.default_rng(4).random(4_000)

    def cells(predicted: np.ndarray) -> Population:
        return Population.from_rows(predicted=predicted, score=score, pi=np.ones(4_000))

    assert threshold_in_use(cells((score >= 0.4).astype(int))) == pytest.approx(0.4, abs=0.02)
    assert threshold_in_use(cells((score + (score > 0.2) * 0.3 * (np.arange(4_000) % 2) >= 0.5).astype(int))) is None
    assert threshold_in_use(cells(np.ones(4_000, int))) is None


@pytest.mark.slow
def test_with_known_outcomes_the_best_threshold_is_the_true_best() -> None:
    """The value of predicting "yes" from each score on is added up over the rows themselves."""
    world = make_world(2_000, days=4)
    price(world)
    send_outcomes(world, range(2_000))
    close_days(world, before=4)
    curve = report_of(world, "value").document["value"]["threshold"]
    _, score, true = world.select(range(4))
    worth = [MATRIX[(score >= line).astype(int), true].mean() * 1_000 for line in curve["scores"]]
    assert curve["value"] == pytest.approx(worth, abs=1e-6)
    assert curve["best"] == curve["scores"][int(np.argmax(worth))]
    assert curve["current"] == pytest.approx(0.5, abs=0.02)
    assert report_of(world, "value").document["value"]["next_labels"] is None


@pytest.mark.slow
def test_more_labels_are_worth_something_while_the_choice_is_open() -> None:
    world = make_world(1_000, days=4)
    price(world)
    label_draws(world)
    labels = report_of(world, "value").document["value"]["next_labels"]
    assert labels["worth"] > 0
    assert labels["cost"] == 250.0
    assert labels["best_k"] is not None
