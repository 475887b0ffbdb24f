import math

import pytest
from scipy import stats
from scipy.special import expit, logit

from apps.stats.intervals import log_mod, logit_mod, plain_mod, wilson_interval

T10, Z = float(stats.t.ppf(0.975, 10)), float(stats.norm.ppf(0.975))


def wilson(share, n, q):
    middle = (share * n + q**2 / 2) / (n + q**2)
    half = q / (n + q**2) * math.sqrt(share * (1 - share) * n + q**2 / 4)
    return middle - half, middle + half


def test_the_logit_interval_equals_the_formula():
    interval = logit_mod(0.8, variance=0.0016, df=26.0, n=200)
    half = stats.t.ppf(0.975, 26) * 0.04 / (0.8 * 0.2)
    assert (interval.low, interval.high) == pytest.approx((expit(logit(0.8) - half), expit(logit(0.8) + half)))
    assert (interval.method, interval.is_boundary) == ("logit-mod", False)


def test_mcc_kappa_and_value_stay_on_the_plain_scale():
    interval = plain_mod(-0.3, variance=0.01, df=11.0)
    assert interval.high - interval.value == pytest.approx(stats.t.ppf(0.975, 11) * 0.1)
    assert interval.method == "plain-mod"


def test_a_plain_interval_is_cut_to_its_limits():
    interval = plain_mod(1.21, variance=0.01, df=11.0, limits=(-1.0, 1.0))
    assert (interval.value, interval.high, interval.is_boundary) == (1.0, 1.0, True)


def test_a_loss_has_an_interval_on_the_logarithm_above_its_limit():
    interval = log_mod(5.0, variance=0.25, df=11.0, least=2.0)
    ratio = math.exp(stats.t.ppf(0.975, 11) * 0.5 / 3)
    assert (interval.low, interval.high) == pytest.approx((2 + 3 / ratio, 2 + 3 * ratio))
    assert (interval.value, interval.method, interval.is_boundary) == (5.0, "log-mod", False)


@pytest.mark.parametrize("value", [0.5, 1e-200, 0.0, -0.2])
def test_a_loss_near_its_limit_has_an_upper_end_one_and_a_half_half_widths_away(value):
    interval = log_mod(value, variance=1.0, df=10.0)
    assert interval.high == pytest.approx(max(value, 0.0) + 1.5 * T10)
    assert 0 <= interval.low <= interval.value == max(value, 0.0)
    assert interval.is_boundary == (value < 0)


def test_the_root_of_a_loss_s_interval_is_that_of_its_root():
    """The error of √θ̂ is se/(2√θ̂), the delta method; the logarithm makes both intervals one."""
    square, root = log_mod(9.0, variance=1.0, df=30.0), log_mod(3.0, variance=(1 / 6) ** 2, df=30.0)
    assert (math.sqrt(square.low), math.sqrt(square.high)) == pytest.approx((root.low, root.high))


@pytest.mark.parametrize(("value", "held"), [(1.07, 1.0), (0.999, 0.999), (-0.2, 0.0)])
def test_beyond_half_a_label_from_the_limit_the_edge_rule_joins_the_plain_and_wilson_s_interval(value, held):
    """n* = θ_a(1 − θ_a)/V*, by hand .9·.1/.001 = 90, below n = 100."""
    interval = logit_mod(value, variance=1e-3, df=10.0, n=100, plug_in=0.9)
    low, high = wilson(held, 90, Z)
    reach = T10 * math.sqrt(1e-3)
    cut = (min(max(value - reach, 0.0), 1.0), min(max(value + reach, 0.0), 1.0))
    assert (interval.value, interval.method, interval.is_boundary) == (held, "wilson-mod", True)
    assert (interval.low, interval.high) == pytest.approx((min(low, cut[0]), max(high, cut[1])))


def test_wilson_s_interval_never_counts_more_labels_than_there_are():
    """n* = 900 by the variance, but 40 labels were read."""
    interval = logit_mod(1.0, variance=1e-4, df=10.0, n=40, plug_in=0.9)
    assert interval.low == pytest.approx(min(wilson(1.0, 40, Z)[0], 1 - T10 * 0.01))


def test_well_inside_the_limits_the_edge_rule_takes_the_logit_ends_up_to_half_a_width_farther():
    """θ̂ = .97 ± .045 leaves [0, 1]; its logit end at .80 is cut at .97 − 1.5 × .045."""
    variance = (0.045 / T10) ** 2
    interval = logit_mod(0.97, variance=variance, df=10.0, n=100, plug_in=0.97)
    by_logit = expit(logit(0.97) - 0.045 / (0.97 * 0.03))
    assert by_logit < 0.97 - 1.5 * 0.045
    assert interval.low == pytest.approx(min(0.97 - 1.5 * 0.045, wilson(0.97, 0.97 * 0.03 / variance, Z)[0]))
    assert interval.high == 1.0


def test_a_plug_in_of_exactly_one_is_held_half_a_label_from_it():
    interval = logit_mod(1.0, variance=1e-3, df=10.0, n=100, plug_in=1.0)
    expected = wilson(1.0, 0.995 * 0.005 / 1e-3, Z)
    assert interval.low == pytest.approx(min(expected[0], 1 - T10 * math.sqrt(1e-3)))


def test_limits_shift_and_scale_the_interval():
    """Two thirds are known right: φ = (θ̂ − a)/(b − a) has the interval, mapped back."""
    inner = logit_mod(0.4, variance=0.01, df=20.0, n=50, plug_in=0.5)
    outer = logit_mod(2 / 3 + 0.4 / 3, variance=0.01 / 9, df=20.0, n=50, plug_in=2 / 3 + 0.5 / 3, limits=(2 / 3, 1.0))
    assert (outer.low, outer.high) == pytest.approx((2 / 3 + inner.low / 3, 2 / 3 + inner.high / 3))


@pytest.mark.parametrize("value", [-3.0, 0.2, 0.7, 0.95, 4.0])
@pytest.mark.parametrize("variance", [1e-12, 1e-3, 10.0])
def test_value_and_ends_stay_within_the_limits(value, variance):
    interval = logit_mod(value, variance=variance, df=3.0, n=7, plug_in=0.9, limits=(0.6, 0.8))
    assert 0.6 <= interval.low <= interval.value <= interval.high <= 0.8


def test_limits_that_meet_leave_nothing_to_estimate():
    interval = logit_mod(0.9, variance=0.1, df=10.0, n=5, limits=(0.75, 0.75))
    assert (interval.low, interval.value, interval.high, interval.method) == (0.75, 0.75, 0.75, "exact")


def test_zero_variance_gives_a_point():
    interval = logit_mod(0.7, variance=0.0, df=10.0, n=10)
    assert interval.low == 0.7 == interval.high


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"value": math.nan, "variance": 0.1}, "value"),
        ({"value": 0.5, "variance": -0.1}, "variance"),
        ({"value": 0.5, "variance": math.nan}, "variance"),
        ({"value": 0.5, "variance": 0.1, "df": 0.0}, "df"),
    ],
)
def test_an_error_names_the_bad_argument(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        logit_mod(**({"df": 10.0} | arguments), n=10)


@pytest.mark.parametrize(("successes", "n"), [(1, 0), (-1, 5), (6, 5), (1, math.nan)])
def test_wilson_s_interval_needs_a_proportion(successes, n):
    with pytest.raises(ValueError, match="must be"):
        wilson_interval(successes, n)


def test_a_cautious_interval_joins_the_plain_and_the_logit_interval():
    plain, careful = (
        logit_mod(0.9, variance=4e-4, df=14.0, n=40, plug_in=0.9, is_cautious=cautious) for cautious in (False, True)
    )
    reach = Z * 0.02
    assert plain.high < 0.9 + reach
    assert (careful.low, careful.high) == pytest.approx((plain.low, 0.9 + reach))
    assert (careful.method, careful.is_boundary) == ("logit-mod", False)
