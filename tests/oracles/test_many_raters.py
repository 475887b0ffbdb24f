"""Agreement of many raters against the tables of Gwet and Krippendorff."""

import numpy as np
import pytest
from scipy import stats

from apps.stats.reviewers.many_raters import gwet_ac1, krippendorff_alpha
from tests.oracles.published_labels import FOUR_RATERS


@pytest.mark.parametrize(
    ("coefficient", "value", "se"),
    [(gwet_ac1, 0.77544, 0.14295), (krippendorff_alpha, 0.74342, 0.14557)],
)
def test_coefficients_and_standard_errors_are_gwet_s(coefficient, value, se):
    """R package irrCAC on cac.raw4raters: gwet.ac1.raw, krippen.alpha.raw, all digits printed."""
    figure = coefficient(FOUR_RATERS, rng=np.random.default_rng(1))
    assert (round(figure.value, 5), round(figure.se, 5)) == (value, se)


@pytest.mark.parametrize(("metric", "value"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_krippendorff_s_in_each_metric(metric, value):
    """Krippendorff (2011), section C."""
    figure = krippendorff_alpha(FOUR_RATERS, metric=metric, rng=np.random.default_rng(1))
    assert round(figure.value, 3) == value


def test_the_bootstrap_agrees_with_the_linearized_error_where_no_label_is_missing():
    """On the log scale, half the length of the interval over the t quantile is the error of the bootstrap."""
    generator = np.random.default_rng(4)
    truth = generator.integers(0, 3, 400)
    ratings = np.where(generator.random((400, 4)) < 0.8, truth[:, None], generator.integers(0, 3, (400, 4)))
    for coefficient in (gwet_ac1, krippendorff_alpha):
        figure = coefficient(ratings, rng=generator, replicates=4000)
        length = np.log((1 - figure.low) / (1 - figure.high)) / 2 / stats.t.ppf(0.975, figure.df)
        assert length * (1 - figure.value) == pytest.approx(figure.se, rel=0.05)
