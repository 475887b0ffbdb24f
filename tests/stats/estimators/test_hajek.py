import numpy as np
import pytest

from apps.stats.estimators.hajek import hajek_mean


def test_mean_and_variance_hold_over_many_draws():
    """Monte Carlo, seed 12: values unrelated to the probabilities, which are unequal; the interval covers."""
    rng = np.random.default_rng(12)
    values, pi = (rng.random(20_000) < 0.3).astype(float), rng.uniform(0.005, 0.06, 20_000)
    odds = ((1 - pi) / pi).sum()
    figures = []
    for _ in range(200):
        drawn = rng.random(20_000) < pi
        figures.append(hajek_mean(values[drawn], pi[drawn], odds_total=odds, size=20_000, is_bounded=True))
    truth = values.mean()
    assert sum(figure.low <= truth <= figure.high for figure in figures) >= 182
    spread = np.std([figure.value for figure in figures], ddof=1)
    assert np.sqrt(np.mean([figure.se**2 for figure in figures])) == pytest.approx(spread, rel=0.12)


def test_a_mean_of_everyone_is_exact():
    figure = hajek_mean([1, 0, 1, 1], [1, 1, 1, 1], is_bounded=True)
    assert (figure.value, figure.low, figure.high, figure.method) == (0.75, 0.75, 0.75, "exact")


def test_a_sample_without_errors_still_has_an_interval():
    figure = hajek_mean([1] * 20, [0.1] * 20, is_bounded=True)
    assert figure.value == 1.0
    assert figure.code == "boundary"
    assert 0.6 < figure.low < 1.0


def test_no_values_have_no_mean():
    assert hajek_mean([], []).code == "no_labels"


def test_an_error_names_the_bad_argument():
    with pytest.raises(ValueError, match="values must be in"):
        hajek_mean([1.5], [0.5], is_bounded=True)
    with pytest.raises(ValueError, match="pi must be in"):
        hajek_mean([0.5], [0.0])
    with pytest.raises(ValueError, match="values must have length 2"):
        hajek_mean([0.5], [0.5, 0.5])
