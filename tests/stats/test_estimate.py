import pytest

from apps.stats.estimate import Estimate, exactly, missing


def test_an_estimate_without_a_value_needs_a_code():
    with pytest.raises(ValueError, match="needs a code"):
        Estimate(None, None, None, "none", 0)


@pytest.mark.parametrize("name", ["value", "low", "high"])
def test_nan_is_an_error(name):
    with pytest.raises(ValueError, match=name):
        Estimate(**({"value": 0.5, "low": 0.4, "high": 0.6} | {name: float("nan")}), method="wilson", n=3)


def test_a_negative_factor_swaps_the_ends_of_the_interval():
    figure = Estimate(2.0, 1.0, 4.0, "plain-mod", 9, se=0.5).scaled(-10)
    assert (figure.value, figure.low, figure.high, figure.se) == (-20, -40, -10, 5)
    assert missing("no_labels").scaled(3).value is None


def test_an_exact_figure_has_no_width():
    figure = exactly(0.25, n=4)
    assert figure.low == figure.value == figure.high
    assert (figure.method, figure.code, figure.se) == ("exact", None, 0.0)
