import numpy as np
import pytest
from scipy.special import expit

from apps.stats.design.draws import bin_centers, bin_edges, logit_bin, poisson_draw, thin, union_probability


def test_a_prediction_is_drawn_when_its_number_is_below_the_probability():
    assert poisson_draw([0.1, 0.1, 0.999], [0.1, 0.11, 1.0]).tolist() == [False, True, True]


def test_the_union_of_policies_is_what_any_of_them_draws():
    """Closed form: with one u, 'drawn by some policy' is u < max p."""
    rng = np.random.default_rng(1)
    p, u = rng.random((500, 3)), rng.random(500)
    by_any = np.any([poisson_draw(u, p[:, one]) for one in range(3)], axis=0)
    assert (poisson_draw(u, union_probability(p)) == by_any).all()


def test_thinning_multiplies_before_the_comparison():
    assert thin([0.4, 1.0], 0.25).tolist() == [0.1, 0.25]


def test_a_rate_of_zero_is_refused():
    with pytest.raises(ValueError, match="rate must be in"):
        thin([0.5], 0.0)


@pytest.mark.parametrize(
    ("u", "p", "complaint"),
    [
        ([1.0], [0.5], "u must be"),
        ([0.5], [1.5], "p must be"),
        ([0.5], [0.5, 0.5], "p must have length 1"),
        ([np.nan], [0.5], "u holds nan"),
    ],
)
def test_a_draw_names_what_is_wrong(u, p, complaint):
    with pytest.raises(ValueError, match=complaint):
        poisson_draw(u, p)


def test_a_matrix_without_policies_is_refused():
    with pytest.raises(ValueError, match="p_matrix"):
        union_probability(np.zeros((3, 0)))


def test_every_bin_centre_falls_into_its_own_bin():
    bins = np.arange(200)
    assert (logit_bin(expit(bin_centers(bins))) == bins).all()


def test_bins_are_ordered_and_open_at_the_ends():
    assert logit_bin([0.0, 1e-9, 1 - 1e-9, 1.0]).tolist() == [0, 0, 199, 199]
    assert (np.diff(logit_bin(np.linspace(0, 1, 1001))) >= 0).all()
    assert bin_edges()[[0, -1]].tolist() == [-10, 10]
    assert logit_bin([0.3]).dtype == np.int16


def test_a_score_outside_the_unit_interval_is_refused():
    with pytest.raises(ValueError, match="score must be in"):
        logit_bin([1.2])


def test_a_missing_score_has_the_bin_minus_one_and_sits_in_the_middle():
    assert logit_bin([np.nan]).tolist() == [-1]
    assert bin_centers([-1]).tolist() == [0.0]
    with pytest.raises(ValueError, match="below 200"):
        bin_centers([200])
