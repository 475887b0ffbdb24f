"""Worst-case bounds beside figures with low response, for each kind of model and report."""

import numpy as np
import pytest

from apps.sampling.services.policies import put_document
from tests.factories import draw_all, make_model, push_predictions
from tests.reports.engine.test_performance import several
from tests.reports.engine.test_value import price
from tests.reports.worlds import World, figures_of, label_draws, make_world, report_of

pytestmark = pytest.mark.django_db


@pytest.mark.slow
def test_the_bounds_of_value_contain_its_range_and_scale_with_it() -> None:
    world = make_world(1_500)
    price(world)
    label_draws(world, answered=0.6)
    figures = figures_of(report_of(world, "value"))
    total, each = figures["value_total"], figures["value_per_1000"]
    low, high = total["bounds"]
    assert low < total["low"] < total["high"] < high
    assert each["bounds"] == pytest.approx([low / 1.5, high / 1.5])
    accuracy = figures["accuracy"]
    assert accuracy["bounds"][0] < accuracy["value"] < accuracy["bounds"][1]
    assert figures["value_difference"]["bounds"] is None


@pytest.mark.slow
def test_accuracy_of_several_classes_has_bounds_as_wide_as_the_missing_share() -> None:
    names = ["cat", "dog", "fox"]
    model = make_model(classes=names, positive_class="", task="multiclass", class_labels={})
    rng = np.random.default_rng(2)
    true = rng.integers(0, 3, 3_000)
    predicted = np.where(rng.random(3_000) < 0.7, true, rng.integers(0, 3, 3_000))
    rows = [several(number, names[predicted[number]], names) for number in range(3_000)]
    model.salt = bytes(32)
    model.save()
    put_document(model, {"floor": 0.1, "policies": []})
    push_predictions(model, rows)
    draw_all(model)
    world = World(model, rows, true, days=1)
    label_draws(world, answered=0.6)
    accuracy = figures_of(report_of(world))["accuracy"]
    low, high = accuracy["bounds"]
    assert low < accuracy["value"] < high
    assert high - low == pytest.approx(1 - accuracy["response_rate"], abs=0.03)


@pytest.mark.slow
def test_a_figure_is_within_its_bounds_with_a_handful_of_answers_too() -> None:
    world = make_world(400, days=8, slices=[{"name": "sex", "feature": "sex", "edges": []}])
    price(world)
    label_draws(world, answered=0.5)
    for kind in ("performance", "value"):
        document = report_of(world, kind).document
        bounded = [result for result in document["results"] if result["bounds"]]
        outside = [result for result in bounded if result["value"] in result["bounds"]]
        assert outside or kind == "value", "some day's estimate lies outside its counts"
        assert all(low <= result["value"] <= high for result in bounded for low, high in [result["bounds"]])
        assert document["sample"]["bounds"]["accuracy"] == document["sections"]["open"]["accuracy"]["bounds"]
