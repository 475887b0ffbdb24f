"""The two-phase variance against R's survey package: 179 items with a reviewer's label, 100 of them adjudicated.

R 4.2.2, survey 4.1.1, survey/figures.R, in two ways:

- Our estimator is a sum over two samples, the labels L − m of the drawn items and the changes y − L of the adjudicated
  ones. R gets all 279 rows with their joint inclusion probabilities (`ppsmat`): π for a label, πq for a change, πq for
  both of one item, products elsewhere. `svytotal` then needs no phases, and its variance equals V_d.
- With m = 0 and L = 0 the estimator is a total over the adjudicated items alone, a Poisson sample with probability πq
  (`poisson_sampling(pi * q)`): (1−π)/π²·(y/q)² + (1−q)/(q²π)·y² = (1−πq)/(πq)²·y².
- `twophase(method = "full")` is for two samples of fixed size. Its total of the same items has the same value, and an
  error that is smaller by what a random size adds. Our estimator with L the mean of a stratum and m the mean of all has
  the value of a stratified second phase. Fixed sizes and centered residuals make R's error half a percent larger.

As in `test_survey_metrics`, no odds and ε = 0 leave out the anticipated variance.
"""

import numpy as np
import pytest

from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.confusion_influence import linearize
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.sample import Sample
from tests.oracles.survey.committed import figures, rows
from tests.oracles.test_survey_metrics import METRICS, columns, from_r, metric_of, pair, without_odds

R = figures()


def reviewed(*, score):
    """Make the estimator of labels, some adjudicated, with scores or without."""
    everyone = rows("predictions")
    drawn = everyone[everyone["drawn"] == 1]
    scores = [table["score"] if score else np.full(len(table), np.nan) for table in (everyone, drawn)]
    settled = np.where(drawn["adjudicated"] == 1, drawn["truth"], np.nan)
    items = Sample.of(**columns(drawn, "predicted", "pi", "label", "adjudicated", "q"), score=scores[1], truth=settled)
    cells = Population.of_each(**columns(everyone, "predicted", "pi"), score=scores[0])
    return BinaryEstimator(without_odds(cells), items, overturn=(0.0, 0.0))


@pytest.fixture(scope="module")
def scored():
    return reviewed(score=True)


@pytest.fixture(scope="module")
def unscored():
    return reviewed(score=False)


def test_a_total_of_both_phases_equals_r_s(unscored):
    """With m = 0 the terms are (L + (A/q)(y − L))/π."""
    pseudo, ones = unscored.plain, np.ones(len(unscored.sample.pi))
    error = np.sqrt(pseudo.design_terms(ones).sum())
    assert (pseudo.total(unscored.cells.n, ones), error) == from_r("two phases: total of truths")


@pytest.mark.parametrize("metric", METRICS)
def test_metrics_of_both_phases_without_a_score_equal_r_s(unscored, metric):
    assert pair(unscored.estimate(metric_of(metric))) == from_r(f"two phases, no score: {metric}")


@pytest.mark.parametrize("metric", METRICS)
def test_metrics_of_both_phases_with_a_score_equal_r_s(scored, metric):
    assert pair(scored.estimate(metric_of(metric))) == from_r(f"two phases, score: {metric}")


@pytest.mark.parametrize("metric", METRICS)
def test_the_design_terms_sum_to_r_s_variance_of_both_phases(scored, metric):
    pseudo = scored.pseudo
    terms = pseudo.design_terms(linearize(metric_of(metric), pseudo).beta)
    assert np.sqrt(terms.sum()) / 400 == pytest.approx(R[f"two phases, score: {metric}"].se, rel=1e-8)


def test_the_second_phase_is_a_large_part_of_the_error(scored):
    """If each label or settled truth of the same items were certain, the error would be .023 instead of .030."""
    sample = scored.sample
    known = Sample.of(predicted=sample.predicted, score=sample.score, pi=sample.pi, label=sample.truth)
    alone = BinaryEstimator(scored.population, known).estimate("accuracy")
    assert (round(alone.se, 3), round(scored.estimate("accuracy").se, 3)) == (0.023, 0.030)


@pytest.fixture(scope="module")
def drawn():
    everyone = rows("predictions")
    return everyone[everyone["drawn"] == 1]


def settled_alone(drawn, values):
    """Estimate the total of values (n,) from adjudicated items alone, and its design error: m = 0 and L = 0."""
    nothing, truth = np.zeros(len(drawn)), np.where(drawn["adjudicated"] == 1, values, np.nan)
    items = Sample.of(**columns(drawn, "predicted", "score", "pi", "adjudicated", "q"), label=nothing, truth=truth)
    pseudo = PseudoValues(
        population=Population.of(predicted=[0], bin=[-1], n=[400], sum_pi=[len(drawn)], sum_odds=[0]),
        sample=items,
        mean_cells=np.zeros(1),
        variance_cells=np.zeros(1),
        fourth_cells=np.zeros(1),
        mean_items=nothing,
        of_label=items.label,
        of_truth=items.truth,
    )
    ones = np.ones(len(drawn))
    return pseudo.total(pseudo.population.n, ones), np.sqrt(pseudo.design_terms(ones).sum())


def test_a_total_of_settled_items_alone_equals_r_s(drawn):
    assert settled_alone(drawn, drawn["truth"]) == from_r("two phases, settled alone: total of truths")


@pytest.mark.parametrize("below", ["mean cost", "cost per amount"])
def test_a_mean_and_a_ratio_of_settled_items_alone_equal_r_s(drawn, below):
    """Their errors are those of the total of residuals, divided by the size below."""
    sizes = np.ones(len(drawn)) if below == "mean cost" else drawn["amount"]
    size, total = settled_alone(drawn, sizes)[0], settled_alone(drawn, drawn["cost"])[0]
    error = settled_alone(drawn, drawn["cost"] - total / size * sizes)[1] / size
    assert (total / size, error) == from_r(f"two phases, settled alone: {below}")


def test_a_total_of_two_samples_of_fixed_size_has_the_same_value_and_a_smaller_error(drawn):
    """R 30.94, ours 33.39: where the sizes are fixed, only the spread of y/π about its mean counts."""
    found, (total, error) = R["two phases by twophase(): total of truths"], settled_alone(drawn, drawn["truth"])
    assert total == pytest.approx(found.value, rel=1e-10)
    assert (round(found.se, 2), round(error, 2)) == (30.94, 33.39)


def test_two_samples_of_fixed_size_have_almost_the_same_error():
    """200 schools of 800, with three of four of each type measured."""
    schools = rows("apistrat")
    measured, expected = np.zeros(200), np.zeros(200)
    for each in ("E", "H", "M"):
        there = np.flatnonzero(schools["stype"] == each)
        measured[there] = (np.arange(len(there)) + 1) % 4 != 0
        expected[there] = schools["api00"][there][measured[there] == 1].mean()
    share = np.array([measured[schools["stype"] == each].mean() for each in schools["stype"]])
    known = {"pi": np.full(200, 0.25), "label": expected, "adjudicated": measured, "q": share}
    truth = np.where(measured == 1, schools["api00"], np.nan)
    sample = Sample.of(predicted=np.zeros(200), score=np.full(200, np.nan), **known, truth=truth)
    population = Population.of(predicted=[0], bin=[-1], n=[800], sum_pi=[200], sum_odds=[0])
    pseudo = PseudoValues(
        population=population,
        sample=sample,
        mean_cells=np.array([expected.mean()]),
        variance_cells=np.zeros(1),
        fourth_cells=np.zeros(1),
        mean_items=np.full(200, expected.mean()),
        of_label=sample.label,
        of_truth=sample.truth,
    )
    found, ones = R["two phases by twophase(): mean api00"], np.ones(200)
    assert pseudo.total(population.n, ones) / 800 == pytest.approx(found.value, rel=1e-10)
    assert 1 < found.se / (np.sqrt(pseudo.design_terms(ones).sum()) / 800) < 1.01
