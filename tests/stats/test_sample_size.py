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
    ("df", "n", "floor", "expected", "needed"),
    [
        (15.0, 60, 50.0, 200.0, 0),
        (14.0, 60, 50.0, 200.0, 15),  # ν = 4 from 60 labels: 5 takes 75
        (60.0, 60, 40.0, 100.0, 25),  # ten floor labels more, each costs 2.5
        (10.0, 0, 0.0, 0.0, 50),
        (60.0, 60, None, 100.0, 0),
    ],
)
def test_labels_needed_under_the_minimum_rule(df, n, floor, expected, needed):
    assert labels_needed(df=df, n=n, floor_labels=floor, expected_labels=expected) == needed


def test_the_bound_follows_the_rule_of_three():
    assert missed_error_bound(60) == 0.05
    assert missed_error_bound(1) == 1.0
    with pytest.raises(ValueError, match="floor_labels"):
        missed_error_bound(0)
