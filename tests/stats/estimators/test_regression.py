import numpy as np
import pytest
from sklearn import metrics

from apps.stats.estimators.population import Population
from apps.stats.estimators.regression import METRICS, RegressionEstimator, uncorrected_error
from apps.stats.estimators.sample import Sample

ROWS, REPLICATES = 30_000, 100


@pytest.fixture(scope="module")
def world():
    """Predictions from 0 to 10 with errors and probabilities that grow with them (seed 18)."""
    rng = np.random.default_rng(18)
    predicted = rng.uniform(0, 10, ROWS)
    truth = predicted + rng.normal(0.2, 0.3 + 0.2 * predicted)
    return predicted, truth, np.digitize(predicted, np.arange(1, 10)), 0.003 + 0.003 * predicted


def population(world):
    _, _, bins, pi = world
    zeros = np.zeros(ROWS)
    return Population.of(predicted=zeros, bin=bins, n=zeros + 1, sum_pi=pi, sum_odds=(1 - pi) / pi).compact()


def estimator(world, rows, cells):
    predicted, truth, bins, pi = world
    none = np.full(rows.sum(), np.nan)
    items = Sample.of(predicted=np.zeros(rows.sum()), score=none, pi=pi[rows], label=truth[rows])
    return RegressionEstimator(cells, items, predicted=predicted[rows], bins=bins[rows])


@pytest.mark.parametrize("metric", METRICS)
def test_the_interval_covers_the_truth(world, metric):
    predicted, truth, _, pi = world
    target = uncorrected_error(metric, predicted=predicted, truth=truth).value
    rng, cells = np.random.default_rng(19), population(world)
    figures = [estimator(world, rng.random(ROWS) < pi, cells).estimate(metric) for _ in range(REPLICATES)]
    assert sum(figure.low <= target <= figure.high for figure in figures) >= 89
    spread = np.std([figure.value for figure in figures], ddof=1)
    assert np.sqrt(np.mean([figure.se**2 for figure in figures])) == pytest.approx(spread, rel=0.2)


def test_figures_are_exact_when_every_truth_is_known(world):
    predicted, truth, bins, _ = world
    full = (predicted, truth, bins, np.ones(ROWS))
    complete = estimator(full, np.ones(ROWS, dtype=bool), population(full))
    oracles = {
        "mae": metrics.mean_absolute_error,
        "mse": metrics.mean_squared_error,
        "rmse": metrics.root_mean_squared_error,
        "r2": metrics.r2_score,
    }
    for metric, oracle in oracles.items():
        figure = complete.estimate(metric)
        assert figure.value == pytest.approx(oracle(truth, predicted), rel=1e-13)
        assert figure.low == figure.value == figure.high


def test_a_custom_loss_is_estimated_like_the_others(world):
    """Predicting too low costs three times as much as too high; with one bin the estimate is Hájek's mean."""
    predicted, truth, _, pi = world

    def cost(predicted, true):
        return np.where(true > predicted, 3 * (true - predicted), predicted - true)

    rows = np.random.default_rng(20).random(ROWS) < pi
    target = cost(predicted, truth).mean()
    figure = estimator(world, rows, population(world)).mean(cost, is_not_negative=True)
    assert figure.low <= target <= figure.high
    one_bin = (predicted, truth, np.zeros(ROWS, dtype=int), pi)
    d, losses = 1 / pi[rows], cost(predicted, truth)[rows]
    plain = estimator(one_bin, rows, population(one_bin)).mean(cost)
    assert plain.value == pytest.approx((d * losses).sum() / d.sum(), rel=2e-3)
    assert figure.high - figure.low < plain.high - plain.low


def test_equal_truths_have_no_r2(world):
    predicted, _, bins, pi = world
    same = (predicted, np.full(ROWS, 3.0), bins, pi)
    rows = np.random.default_rng(21).random(ROWS) < pi
    figure = estimator(same, rows, population(same)).estimate("r2")
    assert (figure.value, figure.code) == (None, "no_variation")


def test_slices_add_up(world):
    _, _, _, pi = world
    one = estimator(world, np.random.default_rng(20).random(ROWS) < pi, population(world))
    low, below = one.population.bin < 5, np.asarray(one.bins) < 5
    parts = [one.restrict(cells=low, items=below), one.restrict(cells=~low, items=~below)]
    total = sum(part.estimate("bias").value * part.population.size for part in parts)
    assert total / ROWS == pytest.approx(one.estimate("bias").value)


def test_without_labels_there_is_no_value(world):
    nothing = estimator(world, np.zeros(ROWS, dtype=bool), population(world))
    assert nothing.estimate("mae").code == "no_labels"


def test_an_error_names_the_bad_argument(world):
    cells = population(world)
    items = Sample.of(predicted=[0], score=[np.nan], pi=[0.5], label=[3.0])
    with pytest.raises(ValueError, match="bins holds a bin"):
        RegressionEstimator(cells, items, predicted=[3.0], bins=[77])
    with pytest.raises(ValueError, match="predicted must have length 1"):
        RegressionEstimator(cells, items, predicted=[3.0, 4.0], bins=[3])
    with pytest.raises(ValueError, match="unknown metric"):
        RegressionEstimator(cells, items, predicted=[3.0], bins=[3]).estimate("mape")
