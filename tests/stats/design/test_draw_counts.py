import numpy as np
import pytest
from scipy import stats

from apps.stats.design.draw_counts import check_count
from tests.stats.soundness import quick_and_many


def of_even(drawn, n, p):
    """Groups in which all predictions have the same probability."""
    n, p = np.array(n, dtype=float), np.array(p)
    return check_count(drawn, n=n, sum_p=n * p, sum_p2=n * p**2)


def convolved(n, p):
    """The distribution of the number drawn, by convolution."""
    chance = np.array([1.0])
    for size, share in zip(n, p, strict=True):
        chance = np.convolve(chance, stats.binom.pmf(np.arange(size + 1), size, share))
    return chance


def two_sided(chance, drawn):
    return min(1.0, 2 * min(chance[: drawn + 1].sum(), chance[drawn:].sum()))


@pytest.mark.parametrize("drawn", [0, 1, 9, 20, 31, 60, 100])
def test_one_probability_is_a_binomial(drawn):
    """By scipy.stats.binom."""
    expected = two_sided(stats.binom.pmf(np.arange(101), 100, 0.2), drawn)
    assert of_even(drawn, [60, 40], [0.2, 0.2]).p_value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("shares", [[0.5, 0.25, 1.0], [0.001, 0.3, 0.9], [0.02, 0.021, 0.5]])
def test_hours_with_a_rate_each_are_counted_exactly(shares):
    n = [40, 30, 20]
    chance = convolved(n, shares)
    for drawn in range(91):
        assert of_even(drawn, n, shares).p_value == pytest.approx(two_sided(chance, drawn), abs=1e-10)


def test_expected_and_sd_by_hand():
    """100·0.1 + 50·0.2 expected, 100·0.1·0.9 + 50·0.2·0.8 the variance."""
    found = of_even(12, [100, 50], [0.1, 0.2])
    assert (found.drawn, found.expected, found.sd) == (12, pytest.approx(20), pytest.approx(17**0.5))


def test_large_numbers_are_nearly_normal():
    """The exact distribution is that of two binomials, by convolution."""
    n, p = [3_000, 4_000], [0.1, 0.05]
    chance = convolved(n, p)
    for drawn in (430, 470, 500, 530, 570):
        assert of_even(drawn, n, p).p_value == pytest.approx(two_sided(chance, drawn), rel=0.35)


@quick_and_many(400)
def test_of_mixed_probabilities_the_p_value_is_an_upper_bound(examples):
    """Seed 51: half of the predictions are sure to be drawn, as amounts above a limit are."""
    rng = np.random.default_rng(51)
    p = np.concatenate([np.ones(20), np.full(200, 0.05)])
    sums = {"n": [len(p)], "sum_p": [p.sum()], "sum_p2": [(p**2).sum()]}
    found = np.array([check_count(int((rng.random(len(p)) < p).sum()), **sums).p_value for _ in range(examples)])
    for level in (0.5, 0.1, 0.05, 0.01):
        assert np.mean(found <= level) <= level + 3 * np.sqrt(level * (1 - level) / len(found))
    assert check_count(60, **sums).p_value < 1e-4


def test_what_is_sure_to_be_drawn_is_drawn():
    assert of_even(30, [10, 20], [1.0, 1.0]).p_value == 1.0
    assert of_even(29, [10, 20], [1.0, 1.0]).p_value == 0.0


def test_a_policy_that_met_nothing_drew_nothing():
    assert of_even(0, [0, 10], [0.5, 0.0]).p_value == 1.0
    assert check_count(0, n=[], sum_p=[], sum_p2=[]).expected == 0


def test_sums_of_no_probabilities_are_refused():
    for sums in ({"n": [1], "sum_p": [2], "sum_p2": [1]}, {"n": [2], "sum_p": [1], "sum_p2": [1.5]}):
        with pytest.raises(ValueError, match="sums of n probabilities"):
            check_count(1, **sums)
