import numpy as np
import pytest
from scipy.special import expit, logit

from apps.stats.score_bins import LOGIT_BINS, SCORE_BINS, ScoreBins


def test_every_bin_center_falls_into_its_own_bin():
    bins = np.arange(200)
    assert (LOGIT_BINS.place(expit(LOGIT_BINS.centers_of(bins))) == bins).all()


def test_bins_are_ordered_and_open_at_the_ends():
    assert LOGIT_BINS.place([0.0, 1e-9, 1 - 1e-9, 1.0]).tolist() == [0, 0, 199, 199]
    assert (np.diff(LOGIT_BINS.place(np.linspace(0, 1, 1001))) >= 0).all()
    assert LOGIT_BINS.bounds[[0, 100, -1]].tolist() == [0, 0.5, 1]
    assert LOGIT_BINS.place([0.3]).dtype == np.int16


def test_a_score_outside_the_unit_interval_is_refused():
    with pytest.raises(ValueError, match="score must be in"):
        LOGIT_BINS.place([1.2])


def test_a_missing_score_has_bin_minus_one_and_its_center_is_zero():
    assert LOGIT_BINS.place([np.nan]).tolist() == [-1]
    assert LOGIT_BINS.centers_of([-1]).tolist() == [0.0]
    with pytest.raises(ValueError, match="below 200"):
        LOGIT_BINS.centers_of([200])


@pytest.mark.parametrize(("middle", "spread"), [(0.1, 1e-6), (0.1, 0.02), (0.0, 3.0), (-6.0, 2.0), (6.0, 2.0)])
def test_no_quantile_bin_holds_more_than_a_hundredth_and_each_stands_for_its_median(middle, spread):
    score = expit(np.random.default_rng(3).normal(middle, spread, 10_000))
    bins = ScoreBins.at_quantiles(score)
    placed = bins.place(score)
    assert len(bins.centers) == SCORE_BINS
    assert np.bincount(placed).max() <= 101
    assert (np.bincount(placed)[[0, 1, -2, -1]] <= 10).all()
    for each in (0, 57, 199):
        middle_score = np.clip(logit(np.median(score[placed == each])), -10, 10)
        assert bins.centers[each] == pytest.approx(middle_score, rel=1e-12)


def test_a_frequent_score_has_a_bin_of_its_own():
    """30 % at 0.2, 5 % at 0, 5 % at 1, the rest spread between: nothing else ever ties with the three."""
    rng = np.random.default_rng(4)
    score = rng.permutation(np.concatenate([np.full(3_000, 0.2), np.zeros(500), np.ones(500), rng.random(6_000)]))
    bins = ScoreBins.at_quantiles(score)
    placed = bins.place(score)
    for frequent in (0.0, 0.2, 1.0):
        assert set(score[placed == bins.place([frequent])]) == {frequent}
    around = bins.place(np.nextafter([0.0, 0.2, 0.2, 1.0], [1.0, 0.0, 1.0, 0.0]))
    assert not set(around) & set(bins.place([0.0, 0.2, 1.0]))
    assert np.bincount(placed[~np.isin(score, (0.0, 0.2, 1.0))]).max() <= 101
    assert len(bins.centers) <= SCORE_BINS


@pytest.mark.parametrize("score", [[0.0], [1.0], [0.3], [0.0, 1.0], [0.4] * 500 + [0.6] * 500, [1e-320, 1e-300, 1.0]])
def test_any_scores_make_bins_that_hold_them_in_order(score):
    bins = ScoreBins.at_quantiles(score)
    placed = bins.place(score)
    assert [len(set(placed[np.array(score) == each])) for each in set(score)] == [1] * len(set(score))
    if len(set(score)) <= 3:
        assert (np.diff(bins.place(sorted(set(score)))) > 0).all()
    assert bins.place([0.0, 0.5, 1.0]).min() >= 0
    assert (np.diff(bins.centers) >= 0).all()


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: ScoreBins.at_quantiles([]), "at least one score"),
        (lambda: ScoreBins.at_quantiles([0.5, np.nan]), "no nan"),
        (lambda: ScoreBins.at_quantiles([1.5]), "score must be in"),
        (lambda: ScoreBins([0.5, 0.5], [0, 0, 0]), "edges must ascend"),
        (lambda: ScoreBins([0.0], [0, 0]), "edges must ascend"),
        (lambda: ScoreBins([0.5], [0]), "length 2"),
        (lambda: ScoreBins([0.5], [1, 0]), "centers must ascend"),
        (lambda: ScoreBins([0.5], [0, 11]), "centers must ascend"),
        (lambda: ScoreBins(np.linspace(0.1, 0.9, 200), np.zeros(201)), "at most 200"),
    ],
)
def test_bins_that_make_no_sense_are_refused(make, complaint):
    with pytest.raises(ValueError, match=complaint):
        make()
