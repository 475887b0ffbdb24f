import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, logit

from apps.stats.intervals import logit_mod, wilson_interval


def test_the_logit_interval_equals_the_formula():
    interval = logit_mod(0.8, design_terms=[1e-4] * 16, anticipated=1e-3, n=200)
    half = stats.t.ppf(0.975, 26) * 0.04 / (0.8 * 0.2)
    assert (interval.low, interval.high) == pytest.approx((expit(logit(0.8) - half), expit(logit(0.8) + half)))
    assert (interval.method, interval.is_boundary) == ("logit-mod", False)


def test_mcc_kappa_and_value_stay_on_the_plain_scale():
    interval = logit_mod(-0.3, design_terms=[0.01], anticipated=0.01, n=10, is_bounded=False)
    assert interval.high - interval.value == pytest.approx(stats.t.ppf(0.975, 11) * 0.1)
    assert interval.method == "plain-mod"


@pytest.mark.parametrize(("value", "held"), [(1.07, 1.0), (0.999, 0.999), (-0.2, 0.0)])
def test_at_the_boundary_the_interval_is_wilson_s_at_the_effective_size(value, held):
    """n* = θ_a(1 − θ_a)/V*, by hand .9·.1/.001 = 90, with the t quantile."""
    interval = logit_mod(value, design_terms=[0.0], anticipated=1e-3, n=100, plug_in=0.9)
    t = stats.t.ppf(0.975, 10)
    middle = (held * 90 + t**2 / 2) / (90 + t**2)
    half = t / (90 + t**2) * math.sqrt(held * (1 - held) * 90 + t**2 / 4)
    assert (interval.value, interval.method, interval.is_boundary) == (held, "wilson", True)
    assert (interval.low, interval.high) == pytest.approx((middle - half, middle + half))


def test_at_the_boundary_without_a_usable_proxy_the_interval_is_zero_to_one():
    interval = logit_mod(1.0, design_terms=[0.0], anticipated=1e-3, n=100, plug_in=1.0)
    assert (interval.low, interval.high) == (0.0, 1.0)


@pytest.mark.parametrize("value", [0.5 / 100, 1 - 0.5 / 100])
def test_exactly_half_a_label_from_the_edge_is_still_inside(value):
    assert logit_mod(value, design_terms=[1e-6], anticipated=1e-6, n=100).method == "logit-mod"


def test_zero_variance_gives_a_point():
    interval = logit_mod(0.7, design_terms=[0.0], anticipated=0.0, n=10)
    assert interval.low == pytest.approx(0.7) == interval.high


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"value": math.nan, "design_terms": [0.1], "anticipated": 0.1}, "value"),
        ({"value": 0.5, "design_terms": [-0.1], "anticipated": 0.1}, "design_terms"),
        ({"value": 0.5, "design_terms": [np.nan], "anticipated": 0.1}, "design_terms"),
        ({"value": 0.5, "design_terms": [0.1], "anticipated": -1.0}, "anticipated"),
    ],
)
def test_an_error_names_the_bad_argument(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        logit_mod(**arguments, n=10)


@pytest.mark.parametrize(("successes", "n"), [(1, 0), (-1, 5), (6, 5), (1, math.nan)])
def test_wilson_s_interval_needs_a_proportion(successes, n):
    with pytest.raises(ValueError, match="must be"):
        wilson_interval(successes, n)
