"""Every metric of a Poisson draw against R's survey package: 179 drawn of 400 predictions, 43 of them certain.

R 4.2.2, survey 4.1.1, survey/figures.R: `poisson_sampling(pi)`, `svytotal` of the residuals y − m, and `svycontrast`
(the delta method) for functions of the totals; R fits m too. Our interval widens the design variance V_d by an
anticipated one that R lacks. Here a population without odds leaves it out, so the error is √V_d.
"""

from dataclasses import replace

import numpy as np
import pytest

from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.confusion_influence import linearize
from apps.stats.estimators.hajek import hajek_mean
from apps.stats.estimators.multiclass import MulticlassEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.regression import RegressionEstimator
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix
from tests.oracles.survey.committed import figures, rows

R = figures()
MONEY = ValueMatrix.of([[0, -1], [-0.25, 1]], uses_amount=True)
METRICS = ("accuracy", "precision", "recall", "specificity", "f1", "balanced_accuracy", "mcc", "kappa", "jaccard")


def metric_of(name):
    """Return the metric's name, or a formula where the name is not one of ours."""
    return (lambda c: c.tp / (c.tp + c.fp + c.fn)) if name == "jaccard" else name


def without_odds(population):
    nothing = np.zeros(len(population.n))
    return replace(population, sum_odds=nothing, sum_odds2=nothing, sum_amount2_odds=nothing)


def pair(figure):
    return figure.value, figure.se


def from_r(name):
    return pytest.approx((R[name].value, R[name].se), rel=1e-8)


@pytest.fixture(scope="module")
def everyone():
    return rows("predictions")


@pytest.fixture(scope="module")
def drawn(everyone):
    return everyone[everyone["drawn"] == 1]


def columns(table, *names):
    return {name: table[name] for name in names}


def binary(everyone, drawn, *, score):
    """Make the estimator with the truth as label, with scores or without."""
    taken = ("predicted", "pi", "baseline", "amount")
    scores = [table["score"] if score else np.full(len(table), np.nan) for table in (everyone, drawn)]
    cells = Population.of_each(**columns(everyone, *taken), score=scores[0])
    items = Sample.of(**columns(drawn, *taken), score=scores[1], label=drawn["truth"])
    return BinaryEstimator(without_odds(cells), items)


@pytest.fixture(scope="module")
def scored(everyone, drawn):
    return binary(everyone, drawn, score=True)


@pytest.fixture(scope="module")
def unscored(everyone, drawn):
    return binary(everyone, drawn, score=False)


@pytest.mark.parametrize(("column", "name"), [("truth", "total of truths"), ("cost", "total cost")])
def test_totals_equal_horvitz_thompson_totals(everyone, drawn, column, name):
    """m = 0."""
    ones = np.ones(len(drawn))
    cells, items = Population.of_each(**columns(everyone, "predicted", "score", "pi")), drawn[column].astype(float)
    pseudo = PseudoValues(
        population=cells,
        sample=Sample.of(**columns(drawn, "predicted", "score", "pi"), label=items),
        mean_cells=np.zeros(len(everyone)),
        variance_cells=np.zeros(len(everyone)),
        fourth_cells=np.zeros(len(everyone)),
        mean_items=0 * items,
        of_label=items,
        of_truth=items,
    )
    error = np.sqrt(pseudo.design_terms(ones).sum())
    assert (pseudo.total(cells.n, ones), error) == from_r(f"no score: {name}")


def test_the_hajek_mean_equals_r_s(drawn):
    assert pair(hajek_mean(drawn["cost"], drawn["pi"], odds_total=0)) == from_r("no score: mean cost")


def test_the_logit_interval_of_a_hajek_share_equals_r_s(drawn):
    """`svyciprop(method = "logit")` with our degrees of freedom, min(ν, ν_a) + 10."""
    right = drawn["predicted"] == drawn["truth"]
    figure = hajek_mean(right, drawn["pi"], odds_total=0, is_bounded=True)
    found = (figure.value, figure.se, figure.low, figure.high)
    assert found == pytest.approx(R["no score: accuracy, logit interval"], rel=1e-8)


@pytest.mark.parametrize("metric", METRICS)
def test_metrics_without_a_score_equal_r_s(unscored, metric):
    assert pair(unscored.estimate(metric_of(metric))) == from_r(f"no score: {metric}")


def test_value_and_comparison_without_a_score_equal_r_s(unscored):
    assert pair(unscored.mean_value(MONEY)) == from_r("no score: mean value")
    assert pair(unscored.win_rate()) == from_r("no score: win rate")
    assert pair(unscored.accuracy_difference()) == from_r("no score: accuracy difference")


@pytest.mark.parametrize("metric", ["accuracy", "precision"])
@pytest.mark.parametrize("part", range(3))
def test_slices_without_a_score_equal_r_s(unscored, everyone, drawn, metric, part):
    part_of_window = unscored.restrict(cells=everyone["part"] == part, items=drawn["part"] == part)
    assert pair(part_of_window.estimate(metric)) == from_r(f"no score: {metric} of part {part}")


def test_the_proxy_equals_r_s(scored):
    fitted = (scored.fitted.intercept, scored.fitted.slope)
    found = [R[f"score: {name} of the proxy"].value for name in ("intercept", "slope")]
    assert fitted == pytest.approx(found, rel=1e-9)


@pytest.mark.parametrize("metric", [*METRICS, "auc", "average_precision", "brier", "log_loss"])
def test_metrics_with_a_score_equal_r_s(scored, metric):
    assert pair(scored.estimate(metric_of(metric))) == from_r(f"score: {metric}")


@pytest.mark.parametrize("metric", METRICS)
def test_the_design_terms_sum_to_r_s_variance(scored, metric):
    pseudo = scored.pseudo
    terms = pseudo.design_terms(linearize(metric_of(metric), pseudo).beta)
    assert np.sqrt(terms.sum()) / 400 == pytest.approx(R[f"score: {metric}"].se, rel=1e-8)


def test_value_and_comparison_with_a_score_equal_r_s(scored):
    assert pair(scored.mean_value(MONEY)) == from_r("score: mean value")
    assert pair(scored.accuracy_difference()) == from_r("score: accuracy difference")


def test_the_logit_interval_with_a_score_equals_r_s(scored):
    """`confint` of `svycontrast(log((p − a)/(b − p)))` with our degrees of freedom; 43 certain items give a and b."""
    figure, found = scored.estimate("accuracy"), R["score: accuracy, logit interval"]
    assert (figure.value, figure.low, figure.high) == pytest.approx((found.value, found.low, found.high), rel=1e-8)


@pytest.mark.parametrize("metric", ["accuracy", "precision", "recall", "f1"])
@pytest.mark.parametrize("part", range(3))
def test_slices_with_a_score_equal_r_s(scored, everyone, drawn, metric, part):
    part_of_window = scored.restrict(cells=everyone["part"] == part, items=drawn["part"] == part)
    assert pair(part_of_window.estimate(metric)) == from_r(f"score, part {part}: {metric}")


def test_the_anticipated_variance_only_widens(scored, everyone, drawn):
    """With the odds the value is the same, and the error is larger by less than a tenth."""
    cells = Population.of_each(**columns(everyone, "predicted", "score", "pi"))
    complete = BinaryEstimator(cells, scored.sample)
    for metric in METRICS[:8]:
        figure, found = complete.estimate(metric), R[f"score: {metric}"]
        assert figure.value == pytest.approx(found.value, rel=1e-8)
        assert 1 - 1e-8 <= figure.se / found.se < 1.1


@pytest.mark.parametrize("metric", ["mae", "mse", "bias", "rmse", "r2"])
def test_errors_of_a_predicted_number_equal_r_s(everyone, drawn, metric):
    bins = np.searchsorted([5, 10, 20], everyone["amount"], side="right")
    nothing = np.zeros(len(everyone))
    each = {"predicted": nothing, "n": nothing + 1, "sum_odds": nothing}
    cells = Population.of(**each, bin=bins, sum_pi=everyone["pi"])
    no_class, no_score = np.zeros(len(drawn)), np.full(len(drawn), np.nan)
    items = Sample.of(predicted=no_class, score=no_score, pi=drawn["pi"], label=drawn["cost"])
    of_items = bins[everyone["drawn"] == 1]
    figure = RegressionEstimator(cells, items, predicted=drawn["amount"], bins=of_items).estimate(metric)
    assert pair(figure) == from_r(f"number: {metric}")


@pytest.mark.parametrize(
    ("name", "metric", "options"),
    [
        ("accuracy", "accuracy", {}),
        ("precision of class 1", "precision", {"label": 1}),
        ("recall of class 2", "recall", {"label": 2}),
        ("macro f1", "f1", {"average": "macro"}),
        ("kappa", "kappa", {}),
    ],
)
def test_metrics_of_three_classes_equal_r_s(everyone, drawn, name, metric, options):
    cells = Population.of_each(predicted=everyone["category"], score=everyone["top"], pi=everyone["pi"])
    known = {"predicted": drawn["category"], "score": drawn["top"], "pi": drawn["pi"]}
    items = Sample.of(**known, label=drawn["true_category"])
    figure = MulticlassEstimator(without_odds(cells), items, classes=3).estimate(metric, **options)
    assert pair(figure) == from_r(f"classes: {name}")
