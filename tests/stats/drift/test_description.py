"""What is new is named by one or two features with the bins that became common or rare."""

import numpy as np
import pytest

from apps.stats.drift.bins import CategoryBins, NumberBins
from apps.stats.drift.conditions import Feature
from apps.stats.drift.description import describe_difference

COLOR = Feature("color", CategoryBins(("red", "green", "blue", "white")))
AGE = Feature("age", NumberBins((10.0, 20.0, 30.0, 40.0), (5.0, 15.0, 25.0, 35.0, 45.0), 10.0))


def rows(*columns):
    return np.column_stack(columns)


def test_what_disappeared_is_named_by_its_own_bins():
    then = [[0]] * 46 + [[1]] * 46 + [[2]] * 4 + [[3]] * 4
    found = describe_difference(then, [[0]] * 50 + [[1]] * 50, features=[COLOR])
    assert (found.parts[0].bins, found.then, found.now) == ((2, 3), 0.08, 0.0)


def test_a_run_of_numbers_is_named_and_missing_values_are_too():
    then = np.repeat([0, 1, 2, 3, 4], 20)[:, None]
    found = describe_difference(then, np.repeat([1, 2], 50)[:, None], features=[AGE])
    assert (found.parts[0].bins, found.then, found.now) == ((1, 2), 0.4, 1.0)
    broken = describe_difference(then, np.repeat([0, 1, 2, 3, 4, 5], [10, 10, 10, 10, 10, 50])[:, None], features=[AGE])
    assert (broken.parts[0].bins, broken.then, broken.now) == ((5,), 0.0, 0.5)


def test_a_second_feature_is_named_where_it_tells_much_more():
    rng = np.random.default_rng(2)
    then = rows(rng.integers(0, 4, 4000), rng.integers(0, 5, 4000))
    now = then.copy()
    now[:800] = [2, 4]
    found = describe_difference(then, now, features=[COLOR, AGE])
    assert {(part.feature, part.bins) for part in found.parts} == {(0, (2,)), (1, (4,))}
    assert found.then == pytest.approx(0.05, abs=0.01)
    assert found.now == pytest.approx(0.24, abs=0.01)


def test_one_feature_is_enough_where_a_second_adds_little():
    rng = np.random.default_rng(2)
    then = rows(rng.integers(0, 4, 4000), rng.integers(0, 5, 4000))
    now = rows(np.full(4000, 1), rng.integers(0, 5, 4000))
    found = describe_difference(then, now, features=[COLOR, AGE])
    assert [part.bins for part in found.parts] == [(1,)]


@pytest.mark.parametrize("now", [[[0]] * 5, np.empty((0, 1), dtype=int)])
def test_nothing_new_has_no_description(now):
    assert describe_difference([[0]] * 7, now, features=[COLOR]) is None
