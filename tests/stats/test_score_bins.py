import numpy as np
import pytest
from scipy.special import expit

from apps.stats.score_bins import bin_centers, bin_edges, logit_bin


def test_every_bin_center_falls_into_its_own_bin():
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


def test_a_missing_score_has_bin_minus_one_and_its_center_is_zero():
    assert logit_bin([np.nan]).tolist() == [-1]
    assert bin_centers([-1]).tolist() == [0.0]
    with pytest.raises(ValueError, match="below 200"):
        bin_centers([200])
