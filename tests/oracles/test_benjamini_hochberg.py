"""Benjamini–Hochberg against statsmodels, scipy and the fifteen p-values of the paper of 1995."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control
from statsmodels.stats.multitest import multipletests

from apps.stats.comparison.multiple import benjamini_hochberg

# Benjamini and Hochberg (1995), section 3.2: thrombolysis in myocardial infarction, fifteen hypotheses.
PAPER = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
]


def test_the_paper_rejects_the_four_smallest_where_bonferroni_rejects_three():
    assert sum(q <= 0.05 for q in benjamini_hochberg(PAPER)) == 4
    assert sum(p <= 0.05 / 15 for p in PAPER) == 3


@pytest.mark.parametrize("seed", range(5))
def test_as_statsmodels_and_scipy(seed):
    rng = np.random.default_rng(seed)
    p_values = rng.permutation(np.concatenate([rng.random(40), rng.random(10) ** 6, [0.0, 1.0, 1.0]]))
    adjusted = benjamini_hochberg(p_values)
    assert adjusted == pytest.approx(multipletests(p_values, method="fdr_bh")[1], abs=1e-15)
    assert adjusted == pytest.approx(false_discovery_control(p_values), abs=1e-15)
