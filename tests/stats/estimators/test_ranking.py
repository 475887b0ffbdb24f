import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.ranking import roc_auc
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.scoring import brier_score


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
    assert figure.method == "logit-mod"
    assert figure.value == pytest.approx(roc_auc(s, truth), abs=1e-3)


def test_unequal_lengths_are_an_error():
    with pytest.raises(ValueError, match="lengths differ"):
        roc_auc([0.5], [1, 0])
