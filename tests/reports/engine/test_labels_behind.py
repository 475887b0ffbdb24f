"""What a document says its figures are made of, and what they still need."""

import pytest

from apps.predictions.models import Prediction
from apps.reports.pages import wording
from apps.sampling.models import PopulationCell
from tests.reports.engine.test_value import price
from tests.reports.worlds import World, close_days, figures_of, label_draws, make_world, report_of, send_outcomes

pytestmark = pytest.mark.django_db


def half_closed(size: int, **changes: object) -> World:
    """Two days with all outcomes, and two with reviewed cases alone."""
    world = make_world(size, days=4, slices=[{"name": "sex", "feature": "sex", "edges": []}], **changes)
    send_outcomes(world, [number for number in range(size) if number % 4 < 2])
    close_days(world, before=2)
    return world


@pytest.mark.slow
def test_outcomes_and_reviews_are_counted_apart():
    world = half_closed(1_200)
    label_draws(world, answered=0.9)
    report = report_of(world)

    whole, closed, opened = (figures_of(report, part)["accuracy"] for part in ("all", "closed", "open"))
    assert (closed["outcomes"], closed["reviews"], closed["n"]) == (600, 0, 600)
    assert opened["outcomes"] == 0
    assert opened["reviews"] == opened["n"] == report.document["sample"]["answered"] > 0
    assert (whole["outcomes"], whole["reviews"]) == (600, opened["reviews"])
    assert whole["n"] == 600 + opened["reviews"]
    assert whole["method"] != "exact"
    sexes = [piece["figures"]["accuracy"] for piece in report.document["slices"]]
    assert sum(figure["outcomes"] for figure in sexes) == 600
    assert sum(figure["reviews"] for figure in sexes) == opened["reviews"]
    precision = figures_of(report)["precision"]
    assert precision["n"] < precision["outcomes"] + precision["reviews"] == whole["n"]


def test_all_reviewed_is_counted_and_no_outcome_is_claimed():
    world = make_world(60, days=1, policies={"floor": 1.0, "policies": []})
    label_draws(world)
    report = report_of(world)
    lead = figures_of(report)["accuracy"]
    assert (lead["method"], lead["outcomes"], lead["reviews"]) == ("exact", 0, 60)
    assert wording.basis(report.document) == "Counted, not estimated: the truth of all 60 predictions is known."


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["performance", "baseline", "value"])
def test_no_figure_needs_more_labels_than_there_are_open_predictions(kind: str):
    world = half_closed(160)
    price(world)
    label_draws(world, answered=0.7)
    results = report_of(world, kind).document["results"]
    needed = [result["labels_needed"] for result in results if result["code"] == "preliminary"]
    assert needed
    assert all(0 < number <= 80 for number in needed)


@pytest.mark.slow
def test_predictions_without_an_amount_are_counted_on_all_days():
    world = half_closed(400)
    price(world, is_per_amount=True)
    of_model = Prediction.objects.filter(model=world.model)
    of_model.update(amount=2)
    for number in (0, 1, 2, 3, 7):
        of_model.filter(external_id=f"case-{number}").update(amount=None)
    PopulationCell.objects.filter(model=world.model).update(sum_amount=2, sum_amount2_odds=4, sum_amount4_odds2=16)
    label_draws(world)
    caveats = {entry["code"]: entry["details"] for entry in report_of(world, "value").document["caveats"]}
    # Cases 0 and 1 are of closed days, 2, 3 and 7 of open ones, drawn or not.
    assert caveats["no_amount"] == {"n": 5}
    performance = {entry["code"] for entry in report_of(world).document["caveats"]}
    assert "no_amount" not in performance
