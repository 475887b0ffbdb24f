"""The adjusted p-values against statsmodels and the fifteen p-values of Benjamini and Hochberg's paper of 1995."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from apps.stats.comparison.multiple import q_values

# Benjamini and Hochberg (1995), section 3.2: thrombolysis in myocardial infarction, fifteen hypotheses.
PAPER = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
]


def test_the_paper_rejects_the_four_smallest_where_bonferroni_rejects_three():
    assert sum(q <= 0.05 for q in q_values(PAPER)) == 4
    assert sum(p <= 0.05 / 15 for p in PAPER) == 3


@pytest.mark.parametrize("seed", range(5))
def test_q_values_are_those_of_statsmodels(seed):
    rng = np.random.default_rng(seed)
    p_values = rng.permutation(np.concatenate([rng.random(40), rng.random(10) ** 6, [0.0, 1.0, 1.0]]))
    assert q_values(p_values) == pytest.approx(multipletests(p_values, method="fdr_bh")[1], abs=1e-15)
