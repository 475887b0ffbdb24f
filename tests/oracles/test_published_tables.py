"""Published figures, and other implementations of the same statistic."""

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from apps.stats.comparison.baseline import mcnemar
from apps.stats.comparison.win_rate import exact_win_rate
from apps.stats.intervals import wilson_interval
from apps.stats.reviewers.agreement import cohen_kappa

TWO_BY_TWO = [[20, 5], [10, 15]]
APPROVAL = [[794, 86], [150, 570]]


def test_kappa_and_its_standard_error_are_those_of_the_textbook():
    """κ .4000, ASE .1270: the worked example of Cohen's κ with the Fleiss–Cohen–Everitt error."""
    figure = cohen_kappa(TWO_BY_TWO)
    assert (round(figure.value, 4), round(figure.se, 4)) == (0.4, 0.1270)


def test_kappa_of_three_classes_is_that_of_statsmodels():
    table = [[44, 5, 1], [7, 20, 3], [9, 5, 6]]
    expected = cohens_kappa(np.array(table))
    figure = cohen_kappa(table)
    assert figure.value == pytest.approx(expected.kappa, rel=1e-12)
    assert figure.se == pytest.approx(expected.std_kappa, rel=1e-12)
    assert (figure.low, figure.high) == pytest.approx((expected.kappa_low, expected.kappa_upp), rel=1e-12)


def test_mcnemar_of_the_approval_ratings_is_agresti_s():
    """Agresti, Categorical Data Analysis, table 10.1: χ² = 17.36 (17.3559) from 86 and 150."""
    test = mcnemar(86, 150)
    expected = statsmodels_mcnemar(APPROVAL, exact=False, correction=False)
    assert round(test.statistic, 4) == 17.3559
    assert test.statistic == pytest.approx(expected.statistic)
    assert test.p_value == pytest.approx(expected.pvalue)


def test_the_exact_win_rate_has_the_p_value_of_mcnemar_s_exact_test():
    expected = statsmodels_mcnemar(APPROVAL, exact=True).pvalue
    assert exact_win_rate([1] * 86 + [0] * 150, [0.2] * 236).p_value == pytest.approx(expected)


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (1, 10), (8, 10), (10, 10), (263, 500)])
def test_wilson_is_that_of_statsmodels(successes, n):
    expected = proportion_confint(successes, n, method="wilson")
    assert wilson_interval(successes, n) == pytest.approx(expected, abs=1e-12)
