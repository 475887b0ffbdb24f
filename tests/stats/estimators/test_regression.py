import numpy as np
import pytest
from sklearn import metrics

from apps.stats.estimators.expected_loss import fit_expected_loss, quantile_bins
from apps.stats.estimators.number_losses import METRICS, uncorrected_error
from apps.stats.estimators.population import Population
from apps.stats.estimators.regression import Quantity, RegressionEstimator
from apps.stats.estimators.sample import Sample
from apps.stats.tolerance import Tolerance

ROWS, REPLICATES = 30_000, 100
NEAR = Tolerance(by=0.2, share=0.1)


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
    return RegressionEstimator(cells, items, predicted=predicted[rows], bins=bins[rows], tolerance=NEAR)


@pytest.mark.slow
@pytest.mark.parametrize("metric", METRICS)
def test_the_interval_covers_the_truth(world, metric):
    predicted, truth, _, pi = world
    target = uncorrected_error(metric, predicted=predicted, truth=truth, tolerance=NEAR).value
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
    allowed = np.maximum(0.2, 0.1 * np.maximum(np.abs(predicted), np.abs(truth)))
    assert complete.estimate("within").value == (np.abs(predicted - truth) <= allowed).mean()


def test_a_custom_loss_is_estimated_like_the_others(world):
    """Predicting too low costs three times as much as too high; with one bin the estimate is Hájek's mean."""
    predicted, truth, _, pi = world

    def cost(predicted, true):
        return np.where(true > predicted, 3 * (true - predicted), predicted - true)

    rows = np.random.default_rng(20).random(ROWS) < pi
    target = cost(predicted, truth).mean()
    figure = estimator(world, rows, population(world)).mean(cost)
    assert figure.low <= target <= figure.high
    one_bin = (predicted, truth, np.zeros(ROWS, dtype=int), pi)
    d, losses = 1 / pi[rows], cost(predicted, truth)[rows]
    plain = estimator(one_bin, rows, population(one_bin)).mean(cost)
    assert plain.value == pytest.approx((d * losses).sum() / d.sum(), rel=2e-3)
    assert figure.high - figure.low < plain.high - plain.low


def window(labels, *, n, certain=0, size=1000):
    """Labels of predictions of 10 in one cell: some are certain, and n in all are expected."""
    left, labeled = max(size - certain, 1), len(labels)
    chance = (n - certain) / left if n > certain else 1.0
    cells = Population.of(predicted=[0], bin=[0], n=[size], sum_pi=[n], sum_odds=[(1 / chance - 1) * left])
    zeros = np.zeros(labeled)
    pi = np.where(np.arange(labeled) < certain, 1.0, chance)
    items = Sample.of(predicted=zeros, score=zeros * np.nan, pi=pi, label=labels)
    return RegressionEstimator(cells, items, predicted=zeros + 10, bins=zeros)


def test_no_label_takes_part_in_its_own_expectation():
    """By hand, with weights 2/3, 2/3, 5/3: the first has (2/3·3 + 5/3·7 + 5·(2/3·3 + 5/3·7)/(7/3))/(7/3 + 5)."""
    bins, loss, pi = np.zeros(3, dtype=int), np.array([1.0, 3.0, 7.0]), np.array([0.5, 0.5, 0.2])
    others = (2 / 3 * 3 + 5 / 3 * 7) / (7 / 3)
    assert fit_expected_loss(bins, loss, pi).without_item(bins, loss, pi)[0] == pytest.approx(others)
    elsewhere = np.array([0, 1, 1])
    expected = fit_expected_loss(elsewhere, loss, pi).without_item(elsewhere, loss, pi)
    assert expected[0] == pytest.approx(others)  # of its own bin nothing is left
    assert expected[1] == pytest.approx((5 / 3 * 7 + 5 * (2 / 3 * 1 + 5 / 3 * 7) / (7 / 3)) / (5 / 3 + 5))


def test_one_bin_gives_the_plain_mean_and_the_error_of_one_label_fewer():
    """With equal weights l − m₋ᵢ = (l − l̄)·n/(n − 1): textbook error s/√n·√(1 − f), times √(n/(n − 1))."""
    errors = np.random.default_rng(31).gamma(2, 3, 50)
    figure = window(10 - errors, n=50).estimate("mae")
    assert figure.value == pytest.approx(errors.mean())
    textbook = errors.std(ddof=1) / np.sqrt(50) * np.sqrt(1 - 50 / 1000)
    assert figure.se == pytest.approx(textbook * np.sqrt(50 / 49))


def test_bins_hold_equal_shares_of_the_predictions():
    """Four cells of 10, 1, 1 and 28 predictions: half of them lie in the last, so it is a bin of its own."""
    ends = quantile_bins([0, 3, 5, 9], [10, 1, 1, 28], count=2)
    assert np.searchsorted(ends, [0, 3, 5, 9]).tolist() == [0, 0, 0, 1]
    assert len(set(np.searchsorted(quantile_bins(np.arange(200), np.ones(200)), np.arange(200)))) == 20
    assert len(set(np.searchsorted(quantile_bins([7], [100]), [7]))) == 1


@pytest.mark.parametrize("metric", ["mae", "rmse", "mse"])
def test_certain_labels_bound_what_an_error_can_be(metric):
    """300 of 1,000 truths are known and off by 4; the others would have to be right to bring the mean down to .3·4."""
    labels = np.concatenate([np.full(300, 14.0), 10 + np.array([0.0, 0.1] * 10)])
    figure, known = window(labels, n=320, certain=300).estimate(metric), 0.3 * 4.0 ** (1 if metric == "mae" else 2)
    least = np.sqrt(known) if metric == "rmse" else known
    assert least <= figure.low <= figure.value <= figure.high
    assert figure.low == pytest.approx(least, rel=0.02)


@pytest.mark.parametrize("metric", METRICS)
def test_known_truths_alone_say_nothing_of_open_predictions(metric):
    """300 of 1,000 truths are known, and of the other 700 nobody has checked one."""
    errors = np.random.default_rng(34).normal(0, 2, 310)
    known, checked = window(10 + errors[:300], n=310, certain=300), window(10 + errors, n=310, certain=300)
    assert known.estimate(metric).code == "no_labels"
    assert checked.estimate(metric).value is not None


def test_figures_of_certain_and_drawn_labels_add_up():
    """The certain part is a constant, so the whole is its sum and that of the part left to chance."""
    errors = np.random.default_rng(32).normal(0, 2, 340)
    known = window(10 + errors, n=340, certain=300)
    ones = np.ones(340)
    pseudo = known._pseudo(Quantity(lambda own, _, true: np.abs(own - true)))
    drawn = ones * (np.arange(340) >= 300)
    part = pseudo.mean_cells[0] * 700 + pseudo.corrections(drawn).sum()
    assert known.estimate("mae").value * 1000 == pytest.approx(np.abs(errors[:300]).sum() + part, rel=1e-12)


@pytest.mark.slow
def test_errors_of_few_wild_labels_stay_in_their_range():
    rng = np.random.default_rng(33)
    for n in (2, 3, 5, 12):
        for _ in range(50):
            cells = Population.of(predicted=[0] * 3, bin=[0, 1, 2], n=[400] * 3, sum_pi=[n] * 3, sum_odds=[90_000] * 3)
            pi, bins = np.append(0.01, rng.choice([1e-4, 0.01, 1.0], n - 1)), rng.integers(0, 3, n)
            items = Sample.of(predicted=np.zeros(n), score=np.full(n, np.nan), pi=pi, label=rng.standard_t(1, n))
            wild = RegressionEstimator(cells, items, predicted=rng.normal(size=n), bins=bins)
            figures = {metric: wild.estimate(metric) for metric in METRICS}
            for metric in ("mae", "mse", "rmse"):
                assert 0 <= figures[metric].low <= figures[metric].value <= figures[metric].high
            square, root = figures["mse"], figures["rmse"]
            assert (root.value**2, root.high**2) == pytest.approx((square.value, square.high))
            assert figures["r2"].code == "no_variation" or figures["r2"].value <= figures["r2"].high <= 1


@pytest.mark.parametrize("metric", sorted(set(METRICS) - {"within"}))
def test_equal_errors_leave_open_how_far_off_others_are(metric):
    """50 of 1,000 checked, all right: an average error of 0 "between 0 and 0" would be said of the other 950 too."""
    for labels in ([10.0] * 50, [12.0] * 50, [11.0]):
        figure = window(labels, n=len(labels)).estimate(metric)
        assert (figure.value, figure.code, figure.n) == (None, "too_few", len(labels))
    right = [10.0] * 30
    complete = window(right, n=30, certain=30, size=30).estimate(metric)
    assert complete.code == ("no_variation" if metric == "r2" else None)
    assert complete.value == (None if metric == "r2" else 0.0)


def test_r2_does_not_depend_on_where_the_numbers_lie(world):
    """Of numbers near 10⁹, squares of y − ȳ by way of y² would lose all digits."""
    predicted, truth, bins, pi = world
    rows = np.random.default_rng(22).random(ROWS) < pi
    cells = population(world)
    here = estimator(world, rows, cells).estimate("r2")
    there = estimator((predicted + 1e9, truth + 1e9, bins, pi), rows, cells).estimate("r2")
    assert (there.value, there.low, there.high) == pytest.approx((here.value, here.low, here.high), rel=1e-5)
    assert here.low < here.value < here.high < 1


def test_rounding_is_no_variation():
    """The mean of a hundred 0.1 is not 0.1 to the last digit."""
    same = {"predicted": np.linspace(0, 1, 100), "truth": np.full(100, 0.1)}
    assert uncorrected_error("r2", **same).code == "no_variation"
    assert uncorrected_error("r2", **same, is_complete=True).code == "no_variation"


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
