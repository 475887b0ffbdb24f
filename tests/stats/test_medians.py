import numpy as np
import pytest

from apps.stats.medians import median_estimate


def test_the_interval_has_the_published_ranks():
    """Conover (1999), table A3: among 20 values the 6th and the 15th enclose 95 %, among ten the 2nd and the 9th."""
    for n, low, high in [(6, 1, 6), (10, 2, 9), (20, 6, 15)]:
        figure = median_estimate(np.arange(1, n + 1)[::-1])
        assert (figure.low, figure.high, figure.n) == (low, high, n)
        assert figure.value == (n + 1) / 2


@pytest.mark.parametrize(("values", "code", "n"), [([], "no_labels", 0), ([1, 2, 3, 4, 5], "too_few", 5)])
def test_few_values_have_a_code(values, code, n):
    figure = median_estimate(values)
    assert (figure.value, figure.code, figure.n) == (None, code, n)


def test_the_interval_keeps_its_level():
    """Monte Carlo, seed 5: 15 skewed values, whose median is ln 2; exact coverage 1 − 2·P(B(15, ½) ≤ 3) = 0.9648."""
    samples = np.random.default_rng(5).exponential(size=(2000, 15))
    figures = [median_estimate(sample) for sample in samples]
    covered = np.mean([figure.low <= np.log(2) <= figure.high for figure in figures])
    assert covered == pytest.approx(0.9648, abs=0.012)


def test_an_error_names_the_bad_argument():
    with pytest.raises(ValueError, match="values"):
        median_estimate([1.0, np.nan])
    with pytest.raises(ValueError, match="level"):
        median_estimate([1.0], level=1.0)
