import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import mannwhitneyu
from sklearn.metrics import average_precision_score

from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.ranking import roc_auc
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.scoring import brier_score
from apps.stats.score_bins import LOGIT_BINS, ScoreBins


def test_auc_is_the_share_of_ordered_pairs():
    """Mann and Whitney's U divided by the number of pairs, with ties."""
    rng = np.random.default_rng(22)
    score, truth = np.round(rng.random(300), 2), rng.integers(0, 2, 300)
    expected = mannwhitneyu(score[truth == 1], score[truth == 0]).statistic / (truth.sum() * (1 - truth).sum())
    assert roc_auc(score, truth) == pytest.approx(expected, rel=1e-14)


def test_one_class_has_no_auc_and_no_rows_have_no_brier_score():
    assert roc_auc([0.1, 0.2], [1, 1]) is None
    assert roc_auc([], []) is None
    assert brier_score([], []) is None


def test_auc_of_bins_is_within_a_tenth_of_a_point_of_the_exact_one():
    """All labels but one are certain; compare the estimate from bins with the exact figure of the rows."""
    rng = np.random.default_rng(23)
    s = rng.beta(0.6, 0.9, 20_000)
    truth = (rng.random(20_000) < s).astype(int)
    known = {"predicted": (s > 0.5).astype(int), "score": s, "pi": np.append(np.ones(19_999), 0.999)}
    figure = BinaryEstimator(Population.from_rows(**known), Sample.of(**known, label=truth)).estimate("auc")
    assert figure.method != "exact"
    assert figure.value == pytest.approx(roc_auc(s, truth), abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("prevalence", "squeezed"), [(0.5, 1.0), (0.5, 0.02), (0.5, 1e-5), (0.02, 1.0), (0.02, 1e-3)])
def test_bins_at_quantiles_keep_auc_and_average_precision_of_any_scores(prevalence, squeezed):
    """Scores squeezed near .5, and a rare class: equal bins of the logit read .835 for an AUC of .918."""
    rng = np.random.default_rng(24)
    truth = (rng.random(60_000) < prevalence).astype(int)
    own = expit(rng.normal(0, 1, 60_000) + 2 * truth + np.log(prevalence / (1 - prevalence)))
    s = 0.5 + squeezed * (own - 0.5)
    bins = ScoreBins.at_quantiles(s[:10_000])
    known = {"predicted": (s > 0.5).astype(int), "score": s, "pi": np.append(np.ones(59_999), 0.999)}
    cells, items = Population.from_rows(**known, score_bins=bins), Sample.of(**known, label=truth, score_bins=bins)
    estimator = BinaryEstimator(cells, items)
    assert estimator.estimate("auc").value == pytest.approx(roc_auc(s, truth), abs=1e-3)
    exact = average_precision_score(truth, s)
    assert estimator.estimate("average_precision").value == pytest.approx(exact, abs=5e-3)


def ranked(score, bins=LOGIT_BINS):
    """A window of these scores with every other case wrong, all but one labeled with certainty."""
    n = len(score)
    known = {"predicted": [1] * n, "score": score, "pi": np.append(np.ones(n - 1), 0.999), "score_bins": bins}
    label = np.arange(n) % 2
    estimator = BinaryEstimator(Population.from_rows(**known), Sample.of(**known, label=label))
    return [estimator.estimate(metric) for metric in ("auc", "average_precision")]


def test_different_scores_of_more_than_a_twentieth_in_one_bin_are_not_ranked():
    alone = np.linspace(0.01, 0.99, 950)
    for together, code in ((0.60001 + np.arange(40) / 1e6, "coarse_score"), (0.60001 + np.arange(20) / 1e6, None)):
        score = np.concatenate([alone, together])
        share = np.bincount(LOGIT_BINS.place(score)).max() / len(score)
        assert bool(share > 0.05) is (code is not None)
        assert [figure.code == "coarse_score" for figure in ranked(score)] == [code is not None] * 2


def test_equal_scores_are_ties_however_many():
    score = np.repeat([0.2, 0.4, 0.7], [300, 500, 200])
    auc, precision = ranked(score)
    assert auc.value == pytest.approx(roc_auc(score, np.arange(1000) % 2), abs=1e-5)
    assert precision.code != "coarse_score"


def test_unequal_lengths_are_an_error():
    with pytest.raises(ValueError, match="lengths differ"):
        roc_auc([0.5], [1, 0])
