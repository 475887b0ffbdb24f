"""Totals, ratios and a domain of six labels against R's survey package; survey/figures.R, R 4.2.2, survey 4.1.1.

The draw is that of `test_survey_metrics`. The domain has 24 predictions; five of its six labels agree with the model.
R estimates the size of a domain too, as Hájek's mean does; with a score the sizes by predicted class are known, and
only the residuals are estimated. As there, no odds leave out the anticipated variance.
"""

import numpy as np
import pytest

from apps.stats.estimators.hajek import hajek_mean
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.sample import Sample
from tests.oracles.survey.committed import rows
from tests.oracles.test_survey_metrics import binary, columns, from_r, pair


@pytest.fixture(scope="module")
def everyone():
    return rows("predictions")


@pytest.fixture(scope="module")
def drawn(everyone):
    return everyone[everyone["drawn"] == 1]


def is_small(table):
    return (table["part"] == 0) & (table["amount"] < 4)


def horvitz_thompson(table, values):
    """Estimate the total of values (n,) over all 400 predictions with m = 0, and its design error."""
    population = Population.of(predicted=[0], bin=[-1], n=[400], sum_pi=[len(table)], sum_odds=[0])
    items = Sample.of(**columns(table, "predicted", "score", "pi"), label=values)
    pseudo = PseudoValues(
        population=population,
        sample=items,
        mean_cells=np.zeros(1),
        variance_cells=np.zeros(1),
        fourth_cells=np.zeros(1),
        mean_items=np.zeros(len(table)),
        of_label=items.label,
        of_truth=items.truth,
    )
    ones = np.ones(len(table))
    return pseudo.total(population.n, ones), np.sqrt(pseudo.design_terms(ones).sum())


def ratio_of_totals(table, above, below):
    """Estimate a ratio of totals; its error is that of the total of above − ratio·below, divided by the total below."""
    size, _ = horvitz_thompson(table, below)
    ratio = horvitz_thompson(table, above)[0] / size
    return ratio, horvitz_thompson(table, above - ratio * below)[1] / size


def test_a_ratio_of_totals_equals_r_s(drawn):
    assert ratio_of_totals(drawn, drawn["cost"], drawn["amount"]) == from_r("no score: cost per amount")


@pytest.mark.parametrize(("column", "name"), [("truth", "total of truths"), ("cost", "total cost")])
def test_totals_of_six_labels_equal_r_s(drawn, column, name):
    """A domain's total is that of a variable which is 0 outside."""
    inside = np.where(is_small(drawn), drawn[column], 0.0)
    assert horvitz_thompson(drawn, inside) == from_r(f"six labels: {name}")


def test_means_and_ratios_of_six_labels_equal_r_s(drawn):
    small = drawn[is_small(drawn)]
    assert len(small) == 6
    assert pair(hajek_mean(small["cost"], small["pi"], odds_total=0)) == from_r("six labels: mean cost")
    right = small["predicted"] == small["truth"]
    share = hajek_mean(right, small["pi"], odds_total=0, is_bounded=True)
    assert pair(share) == from_r("six labels: accuracy")
    assert ratio_of_totals(small, small["cost"], small["amount"]) == from_r("six labels: cost per amount")


def test_the_accuracy_of_six_labels_equals_r_s(everyone, drawn):
    estimator = binary(everyone, drawn, score=False)
    domain = estimator.restrict(cells=is_small(everyone), items=is_small(drawn))
    assert pair(domain.estimate("accuracy")) == from_r("six labels: accuracy")


@pytest.mark.parametrize("metric", ["accuracy", "precision", "recall", "f1"])
def test_metrics_of_six_labels_with_a_score_equal_r_s(everyone, drawn, metric):
    estimator = binary(everyone, drawn, score=True)
    domain = estimator.restrict(cells=is_small(everyone), items=is_small(drawn))
    assert pair(domain.estimate(metric)) == from_r(f"six labels, score: {metric}")
