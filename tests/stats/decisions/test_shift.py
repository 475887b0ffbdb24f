import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from apps.stats.decisions.shift import best_shift
from apps.stats.estimators.population import Population
from apps.stats.estimators.regression import RegressionEstimator
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.unit_cost import UnitCost
from tests.stats.estimators.test_unit_cost import estimator
from tests.stats.soundness import judged

ROWS = 500
COSTS = [UnitCost(1, 3), UnitCost(9, 1), UnitCost(1, 3, dead_zone=0.4)]


@pytest.fixture(scope="module")
def complete():
    rng = np.random.default_rng(67)
    predicted = rng.uniform(0, 10, ROWS)
    return predicted, predicted + rng.normal(0.5, 2.0, ROWS)


def everything(predicted, truth):
    return estimator(predicted, truth, np.ones(len(predicted)), np.ones(len(predicted), dtype=bool))


def plain(truth, *, size=1000.0, predicted=None):
    """Estimator of a random sample from a thousand predictions of 10."""
    n = len(truth)
    predictions = np.full(n, 10.0) if predicted is None else predicted
    cells = Population.of(predicted=[0], bin=[0], n=[size], sum_pi=[n], sum_odds=[size * (size - n) / n])
    items = Sample.of(predicted=np.zeros(n), score=np.full(n, np.nan), pi=np.full(n, n / size), label=truth)
    return RegressionEstimator(cells, items, predicted=predictions, bins=np.zeros(n))


@pytest.mark.parametrize("cost", COSTS)
def test_with_every_row_labeled_the_shift_costs_least(complete, cost):
    """The oracle is a numerical search over all rows."""
    predicted, truth = complete
    searched = minimize_scalar(lambda by: cost(predicted + by, truth).mean(), bounds=(-9, 9), method="bounded")
    best = best_shift(everything(predicted, truth), cost)
    assert cost(predicted + best.shift.value, truth).mean() <= searched.fun * (1 + 1e-9)
    assert best.shift.low == best.shift.value == best.shift.high
    assert best.saving.value == pytest.approx(
        (cost(predicted, truth) - cost(predicted + best.shift.value, truth)).mean()
    )


def test_without_a_dead_zone_it_is_the_quantile_of_the_residuals(complete):
    """The inverse of the empirical distribution function, by numpy."""
    predicted, truth = complete
    expected = np.quantile(truth - predicted, 0.75, method="inverted_cdf")
    assert best_shift(everything(predicted, truth), UnitCost(1, 3)).shift.value == expected


def test_labels_count_with_their_weights():
    """By hand: residuals 1, 2, 3 with 1/π of 2, 2 and 8. Half of the weight is reached at 3, unweighted at 2."""
    cells = Population.of(predicted=[0], bin=[0], n=[240], sum_pi=[40.0], sum_odds=[1200.0])
    rows = {"predicted": [0] * 60, "score": [np.nan] * 60, "pi": [0.5, 0.5, 0.125] * 20}
    items = Sample.of(**rows, label=[11.0, 12.0, 13.0] * 20)
    window = RegressionEstimator(cells, items, predicted=[10.0] * 60, bins=[0] * 60)
    assert best_shift(window, UnitCost(1, 1)).shift.value == 3


@pytest.mark.parametrize(("bias", "advice"), [(3.0, "raise"), (-3.0, "lower"), (0.0, "no_change")])
def test_the_advice_follows_the_interval(bias, advice):
    best = best_shift(plain(10 + bias + np.random.default_rng(68).normal(0, 2, 200)), UnitCost(1, 1))
    assert best.advice == advice
    assert best.shift.method == "woodruff"
    assert best.shift.low <= best.shift.value <= best.shift.high


def test_an_extreme_quantile_has_an_open_end_and_is_preliminary():
    """Closed form: 60 labels all lie below the 98 % quantile with probability .98⁶⁰ = .30 > .025."""
    truth = 10 + np.random.default_rng(69).normal(0, 2, 60)
    above, below = (best_shift(plain(truth), UnitCost(*rates)).shift for rates in ((1, 49), (49, 1)))
    assert (above.high, above.code, above.se) == (None, "preliminary", None)
    assert (below.low, below.code) == (None, "preliminary")
    assert above.low is not None
    assert below.high is not None


@pytest.mark.parametrize(("side", "rates"), [(1, (1, 24)), (-1, (24, 1))])
def test_a_few_heavy_labels_do_not_bound_an_extreme_quantile(side, rates):
    """Four labels weigh 50 each and 40 weigh two each; the effective number is 5.8, and .96^5.8 = .79 > .025."""
    pi = np.array([0.02] * 4 + [0.5] * 40)
    beyond = np.where(np.arange(44) < 36, np.arange(44) / 44, 3.0 + np.arange(44) / 44)
    odds = {"sum_pi": [44], "sum_odds": [(1 / pi * (1 / pi - 1)).sum()], "sum_chance": [60]}
    cells = Population.of(predicted=[0], bin=[0], n=[280], **odds)
    items = Sample.of(predicted=np.zeros(44), score=np.full(44, np.nan), pi=pi, label=10 + side * beyond)
    best = best_shift(
        RegressionEstimator(cells, items, predicted=np.full(44, 10.0), bins=np.zeros(44)), UnitCost(*rates)
    )
    assert best.shift.code == "preliminary"
    assert (best.shift.high if side == 1 else best.shift.low) is None
    assert (best.shift.low if side == 1 else best.shift.high) is not None


def test_a_second_phase_uses_the_adjudicated_truth():
    """All labels are 10; the adjudicated half has a truth of 13, so half of the weight is at 13."""
    n, done = 400, np.arange(400) % 2
    items = Sample.of(
        predicted=np.zeros(n),
        score=np.full(n, np.nan),
        pi=np.full(n, 0.4),
        label=np.full(n, 10.0),
        adjudicated=done,
        q=np.full(n, 0.5),
        truth=np.where(done == 1, 13.0, np.nan),
    )
    cells = Population.of(predicted=[0], bin=[0], n=[1000], sum_pi=[400], sum_odds=[1500])
    window = RegressionEstimator(cells, items, predicted=np.full(n, 10.0), bins=np.zeros(n))
    assert best_shift(window, UnitCost(1, 1)).shift.value == 3


def test_few_labels_give_a_shift_and_no_advice():
    truth = 13 + np.random.default_rng(70).normal(0, 1, 40)
    early = plain(truth)
    best = best_shift(early, UnitCost(1, 1))
    assert (best.shift.code, best.advice) == ("preliminary", None)
    assert best.shift.labels_needed > 0


@pytest.mark.parametrize(
    ("truth", "cost", "code"),
    [([], UnitCost(1, 1), "no_labels"), ([9.0] * 50, UnitCost(0, 1), "one_sided"), ([9.0], UnitCost(1, 1), "too_few")],
)
def test_without_a_shift_there_is_a_reason(truth, cost, code):
    cells = Population.of(predicted=[0], bin=[0], n=[1000], sum_pi=[50], sum_odds=[19000])
    n = len(truth)
    items = Sample.of(predicted=[0] * n, score=[np.nan] * n, pi=[0.05] * n, label=truth)
    best = best_shift(RegressionEstimator(cells, items, predicted=[10.0] * n, bins=[0] * n), cost)
    assert (best.shift.value, best.shift.code, best.saving.code, best.advice) == (None, code, code, None)


NUMBERS = st.one_of(st.floats(), st.integers(-3, 3))
RATES = st.floats(-1, 1e31)


@settings(deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, st.sampled_from([1e-6, 0.3, 1.0])), max_size=6), RATES, RATES, RATES)
def test_any_input_gives_an_error_numbers_or_a_code(rows, over, under, dead_zone):
    predicted, true, pi = np.array(rows, dtype=float).reshape(-1, 3).T
    zeros = np.zeros(len(pi))
    cells = Population.of(predicted=[0], bin=[0], n=[9], sum_pi=[5], sum_odds=[8])

    def called():
        items = Sample.of(predicted=zeros, score=zeros * np.nan, pi=pi, label=true)
        known = RegressionEstimator(cells, items, predicted=predicted, bins=zeros)
        return best_shift(known, UnitCost(over, under, dead_zone))

    judged(called, "label", "predicted", "over", "under", "dead_zone")
