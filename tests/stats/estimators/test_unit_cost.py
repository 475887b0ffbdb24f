import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.stats.estimators.population import Population
from apps.stats.estimators.regression import RegressionEstimator
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.unit_cost import UnitCost
from tests.stats.soundness import judged

ROWS = 20_000
COST = UnitCost(over=1.0, under=4.0, dead_zone=0.5)


def estimator(predicted, truth, pi, chosen):
    bins, zeros = np.digitize(predicted, np.arange(1, 10)), np.zeros(len(predicted))
    cells = Population.of(predicted=zeros, bin=bins, n=zeros + 1, sum_pi=pi, sum_odds=(1 - pi) / pi).compact()
    none = np.full(chosen.sum(), np.nan)
    items = Sample.of(predicted=zeros[chosen], score=none, pi=pi[chosen], label=truth[chosen])
    return RegressionEstimator(cells, items, predicted=predicted[chosen], bins=bins[chosen])


@pytest.fixture(scope="module")
def world():
    """Predictions of 0 to 10, errors that grow with them (seed 65)."""
    rng = np.random.default_rng(65)
    predicted = rng.uniform(0, 10, ROWS)
    return predicted, predicted + rng.normal(0.2, 0.3 + 0.2 * predicted), 0.003 + 0.004 * predicted


def test_each_direction_has_its_rate_and_small_errors_cost_nothing():
    """By hand: 3 too high: 1·(3 − .5); 2 too low: 4·(2 − .5); half a unit either way costs nothing."""
    assert COST([10, 10, 10, 10], [7, 12, 10.5, 9.5]).tolist() == [2.5, 6.0, 0.0, 0.0]


def test_equal_rates_give_the_absolute_error(world):
    predicted, truth, _ = world
    assert UnitCost(2.0, 2.0)(predicted, truth) == pytest.approx(2 * np.abs(predicted - truth))


def test_the_total_covers_the_cost_of_every_row(world):
    """100 draws of 460 labels, seed 66; with a true coverage of 95 %, at least 88 cover."""
    predicted, truth, pi = world
    rng, target = np.random.default_rng(66), -COST(predicted, truth).sum()
    figures = [estimator(predicted, truth, pi, rng.random(ROWS) < pi).value(COST) for _ in range(100)]
    assert sum(figure.low <= target <= figure.high for figure in figures) >= 88


def test_with_every_row_labeled_the_total_is_the_sum(world):
    predicted, truth, _ = world
    figure = estimator(predicted, truth, np.ones(ROWS), np.ones(ROWS, dtype=bool)).value(COST)
    assert figure.value == pytest.approx(-COST(predicted, truth).sum())
    assert (figure.low, figure.high) == (figure.value, figure.value)


def test_without_labels_there_is_no_total(world):
    predicted, truth, pi = world
    assert estimator(predicted, truth, pi, np.zeros(ROWS, dtype=bool)).value(COST).code == "no_labels"


@pytest.mark.parametrize("name", ["over", "under", "dead_zone"])
@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_a_bad_rate_is_named(name, bad):
    with pytest.raises(ValueError, match=f"{name} must not be"):
        UnitCost(**({"over": 1.0, "under": 1.0} | {name: bad}))


@pytest.mark.parametrize(("predicted", "truth"), [([1.0], [math.nan]), ([math.inf], [1.0]), ([1.0, 2.0], [1.0])])
def test_bad_rows_are_named(predicted, truth):
    with pytest.raises(ValueError, match=r"truth|predicted"):
        COST(predicted, truth)


@given(st.floats(), st.floats(), st.floats(), st.lists(st.tuples(st.floats(), st.floats())))
def test_any_input_gives_an_error_or_a_cost(over, under, dead_zone, rows):
    predicted, true = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [])
    costs = judged(
        lambda: UnitCost(over, under, dead_zone)(predicted, true), "over", "under", "dead_zone", "predicted", "truth"
    )
    assert costs is None or (costs >= 0).all()
