"""Clients that log a part of their traffic, from the push to the report: totals, shares, ranges, and what is said."""

import numpy as np
import pytest

from apps.predictions.models import Prediction
from apps.registry.models import ValueModel
from apps.reports.pages import wording
from apps.reports.pages.caveat_wording import caveat
from apps.reports.pages.sheets.sections import came_about
from apps.sampling.models import PopulationCell
from tests.reports.engine.test_so_far import so_far_of
from tests.reports.engine.test_value import MATRIX, WORTH
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

# A few large slices are logged in full, the rest in part.
MIXED = {0: 1.0, 1: 0.4, 2: 0.4, 3: 0.4}


def logged(world: World) -> list[int]:
    ids = Prediction.objects.filter(model=world.model).values_list("external_id", flat=True)
    return sorted(int(name.removeprefix("case-")) for name in ids)


def price(world: World) -> None:
    ValueModel.objects.create(model=world.model, version=1, currency="USD", matrix=WORTH, review_cost=2)


def weights(world: World, numbers: list[int]) -> np.ndarray:
    shares = dict(Prediction.objects.filter(model=world.model).values_list("external_id", "log_share"))
    return np.array([1 / (shares[f"case-{number}"] or 1.0) for number in numbers])


def predicted(world: World, who: str = "prediction") -> np.ndarray:
    return np.array([row[who] == "yes" for row in world.rows]).astype(int)


@pytest.mark.slow
def test_closed_days_are_estimated_from_what_was_logged():
    world = make_world(3_000, days=4, log_share=lambda number: MIXED[number % 4])
    price(world)
    numbers = logged(world)
    send_outcomes(world, numbers)
    close_days(world, before=4)
    weight, right = weights(world, numbers), (predicted(world) == world.y)[numbers]

    report = report_of(world, "value")
    found = figures_of(report)
    own = MATRIX[predicted(world), world.y]
    assert found["accuracy"]["value"] == pytest.approx(np.average(right, weights=weight))
    assert found["accuracy"]["method"] == "logit-mod"
    assert found["accuracy"]["low"] < np.mean(predicted(world) == world.y) < found["accuracy"]["high"]
    total = found["value_total"]
    assert total["value"] == pytest.approx((own[numbers] * weight).sum())
    assert total["low"] < own.sum() < total["high"]
    assert found["value_per_1000"]["value"] == pytest.approx(1_000 * np.average(own[numbers], weights=weight))
    baseline = MATRIX[predicted(world, "baseline"), world.y]
    assert found["baseline_value_total"]["value"] == pytest.approx((baseline[numbers] * weight).sum())
    assert found["value_difference"]["low"] < (own - baseline).sum() < found["value_difference"]["high"]

    (part,) = [part for part in report.document["parts"] if part["part"] == "closed"]
    assert (part["n"], part["traffic"]) == (len(numbers), pytest.approx(weight.sum()))
    assert report.document["sections"]["closed"]["accuracy"]["n"] == len(numbers)


@pytest.mark.slow
def test_open_days_are_estimated_from_reviews_of_what_was_logged():
    world = make_world(6_000, days=4, seed=8, log_share=lambda _: 0.5)
    price(world)
    label_draws(world, answered=0.9)
    found = figures_of(report_of(world, "value"))
    truth = np.mean(predicted(world) == world.y)
    assert found["accuracy"]["low"] < truth < found["accuracy"]["high"]
    own = MATRIX[predicted(world), world.y].sum()
    assert found["value_total"]["low"] < own < found["value_total"]["high"]
    # Not the value of the half that was logged
    assert found["value_total"]["value"] == pytest.approx(own, rel=0.25)


@pytest.mark.slow
def test_the_comparison_with_the_baseline_is_about_all_traffic():
    world = make_world(3_000, days=4, log_share=lambda number: MIXED[number % 4])
    numbers = logged(world)
    label_draws(world)
    report = report_of(world, "baseline")
    rate = figures_of(report)["disagreement_rate"]
    weight = weights(world, numbers)
    differ = (predicted(world) != predicted(world, "baseline"))[numbers]
    assert rate["value"] == pytest.approx(np.average(differ, weights=weight))
    assert rate["n"] == len(numbers)
    assert rate["n_eff"] == pytest.approx(weight.sum() ** 2 / (weight**2).sum())
    assert report.document["baseline"]["disagreements"] == differ.sum()
    assert figures_of(report)["kappa"]["n"] == len(numbers)


@pytest.mark.slow
def test_the_report_says_what_is_logged():
    world = make_world(1_200, days=4, log_share=lambda _: 0.2)
    label_draws(world)
    document = report_of(world).document
    (entry,) = [entry for entry in document["caveats"] if entry["code"] == "logged_in_part"]
    n = len(logged(world))
    assert entry["details"] == {"lowest": 0.2, "highest": 0.2, "n": n, "traffic": pytest.approx(5 * n)}
    assert caveat(entry).startswith("The client logs 20\u00a0% of traffic; each prediction stands for five. The ")
    facts = dict(came_about(document, document["headline"]["figures"]).facts)
    assert facts["Logged"] == "20\u00a0% of traffic; each prediction stands for five"
    assert f"for {n} predictions, which stand for about {5 * n:,}." in wording.basis(document)


def test_a_report_on_mixed_traffic_names_the_range():
    details = {"lowest": 0.3, "highest": 1.0, "n": 100, "traffic": 212.0}
    assert caveat({"code": "logged_in_part", "details": details}).startswith(
        "The client logs between 30\u00a0% and 100\u00a0% of traffic; a prediction stands for up to about 3.3. The 100 "
    )


def test_a_client_that_logs_everything_reads_nothing_of_it():
    world = make_world(400, days=4)
    label_draws(world)
    report = report_of(world)
    assert "logged_in_part" not in caveat_codes(report)
    assert all("traffic" not in part for part in report.document["parts"])
    assert not PopulationCell.objects.exclude(sum_unlogged=0, sum_logging=0, sum_amount2_logging=0).exists()


@pytest.mark.slow
def test_earlier_outcomes_and_hindsight_count_what_each_stands_for():
    """Half of the days are closed. All traffic is alike, so all figures agree."""
    world = make_world(4_000, days=20, log_share=lambda number: MIXED[number % 4])
    numbers = logged(world)
    send_outcomes(world, numbers)
    close_days(world, before=10)
    label_draws(world)
    checks = report_of(world).document["checks"]
    truth = np.mean(predicted(world) == world.y)
    drift = {(found["part"], found["metric"]): found for found in checks["drift"]}
    assert drift["open", "accuracy"]["reference"] == "earlier"
    assert drift["open", "accuracy"]["expected"]["value"] == pytest.approx(truth, abs=0.05)
    hindsight = checks["hindsight"]
    assert hindsight["from_reviews"]["accuracy"]["low"] < truth < hindsight["from_reviews"]["accuracy"]["high"]
    early = [number for number in numbers if number % 20 < 10]
    right = (predicted(world) == world.y)[early]
    exactly = np.average(right, weights=weights(world, early))
    assert hindsight["from_outcomes"]["accuracy"]["value"] == pytest.approx(exactly)


@pytest.mark.slow
def test_outcomes_so_far_cover_all_traffic():
    world = make_world(3_000, days=20, log_share=lambda number: MIXED[number % 4])
    found = so_far_of(world, np.random.default_rng(9).integers(1, 13, 3_000))
    assert (found["code"], found["overdue"]) == (None, 0)
    assert found["n"] == len(logged(world))
    figure = found["figures"]["accuracy"]
    assert figure["low"] <= np.mean(predicted(world) == world.y) <= figure["high"]
