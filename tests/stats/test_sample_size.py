import math

import numpy as np
import pytest

from apps.stats.sample_size import effective_size, labels_needed, missed_error_bound


def test_with_equal_weights_the_effective_size_is_n():
    assert effective_size(np.full(37, 0.013)) == 37.0
    assert effective_size(np.array([])) is None


def test_effective_size_equals_kish_s_formula():
    """(1/.5 + 1/.1)²/(4 + 100) = 144/104."""
    assert effective_size(np.array([0.5, 0.1])) == pytest.approx(144 / 104)


@pytest.mark.parametrize(
    ("nu", "n", "by_chance", "expected", "needed"),
    [
        (5.0, 60, 50.0, 200.0, 0),
        (4.0, 60, 50.0, 200.0, 15),  # ν = 4 from 60 labels: 5 takes 75
        (50.0, 60, 40.0, 100.0, 25),  # ten labels by chance more, each costs 2.5
        (math.inf, 60, None, 100.0, 0),
        (0.0, 0, 50.0, 100.0, 5),
    ],
)
def test_labels_needed_under_the_minimum_rule(nu, n, by_chance, expected, needed):
    assert labels_needed(nu=nu, n=n, by_chance=by_chance, expected=expected) == needed


def test_a_slice_takes_fewer_labels_by_chance():
    few = {"nu": 50.0, "n": 60, "by_chance": 12.0, "expected": 24.0}
    assert labels_needed(**few) == 76
    assert labels_needed(**few, least_by_chance=10.0) == 0


@pytest.mark.parametrize("by_chance", [0.0, 1e-9, 2.0])
def test_no_more_labels_are_needed_than_there_are_decisions_left(by_chance):
    assert labels_needed(nu=0.1, n=3, by_chance=by_chance, expected=1e6, left=40.0) == 40


def test_the_bound_follows_the_rule_of_three():
    assert missed_error_bound(60) == 0.05
    assert missed_error_bound(1) == 1.0
    with pytest.raises(ValueError, match="floor_labels"):
        missed_error_bound(0)
