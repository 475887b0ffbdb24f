import numpy as np
import pytest

from apps.stats.estimate import Estimate, effective_size, exactly, labels_needed, missed_error_bound, missing


def test_a_value_never_goes_missing_without_a_code():
    with pytest.raises(ValueError, match="needs a code"):
        Estimate(None, None, None, "none", 0)


@pytest.mark.parametrize("name", ["value", "low", "high"])
def test_nan_never_leaves(name):
    with pytest.raises(ValueError, match=name):
        Estimate(**({"value": 0.5, "low": 0.4, "high": 0.6} | {name: float("nan")}), method="wilson", n=3)


def test_another_unit_turns_the_interval_with_its_sign():
    figure = Estimate(2.0, 1.0, 4.0, "plain-mod", 9, se=0.5).scaled(-10)
    assert (figure.value, figure.low, figure.high, figure.se) == (-20, -40, -10, 5)
    assert missing("no_labels").scaled(3).value is None


def test_equal_weights_count_every_label():
    assert effective_size(np.full(37, 0.013)) == 37.0
    assert effective_size(np.array([])) is None


def test_effective_size_is_kish_s():
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


def test_the_rule_of_three():
    assert missed_error_bound(60) == 0.05
    assert missed_error_bound(1) == 1.0
    with pytest.raises(ValueError, match="floor_labels"):
        missed_error_bound(0)


def test_an_exact_figure_has_no_width():
    figure = exactly(0.25, n=4)
    assert figure.low == figure.value == figure.high
    assert (figure.method, figure.code, figure.se) == ("exact", None, 0.0)
