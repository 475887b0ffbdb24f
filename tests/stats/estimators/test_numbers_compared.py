"""A predicted number against its baseline: exact with every truth, and true on average with few."""

import numpy as np
import pytest

from apps.stats.estimators.gaps import Gaps
from apps.stats.estimators.population import Population
from apps.stats.estimators.regression import RegressionEstimator
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.unit_cost import UnitCost
from apps.stats.tolerance import Tolerance

ROWS = 20_000
NEAR = Tolerance(by=0.5)
COST = UnitCost(over=1.0, under=3.0)
BY_AMOUNT = UnitCost(over=1.0, under=3.0, uses_amount=True)


class World:
    """Predictions of 0 to 10; the baseline says the same in a third of them, and is missing in a tenth."""

    def __init__(self, seed: int, rows: int = ROWS) -> None:
        rng = np.random.default_rng(seed)
        self.predicted = rng.uniform(0, 10, rows)
        self.truth = self.predicted + rng.normal(0.2, 0.3 + 0.1 * self.predicted)
        apart = np.where(rng.random(rows) < 1 / 3, 0.0, rng.normal(0.3, 1.2, rows))
        self.baseline = np.where(rng.random(rows) < 0.1, np.nan, self.predicted + apart)
        self.amount = np.exp(rng.normal(0, 0.5, rows))
        self.bins = np.digitize(self.predicted, np.arange(1, 10))
        gaps = Gaps.of(self.predicted, self.baseline, np.ones(rows), tolerance=NEAR)
        self.codes = gaps.place(self.predicted, self.baseline)

    def population(self, pi):
        ones, odds = np.ones(len(pi)), (1 - pi) / pi
        return Population.of(
            predicted=0 * ones,
            baseline=self.codes,
            bin=self.bins,
            n=ones,
            sum_pi=pi,
            sum_odds=odds,
            sum_odds2=odds**2 * (1 + odds),
            sum_chance=pi.min() * ones,
            sum_amount=self.amount,
            sum_amount2_odds=self.amount**2 * odds,
            sum_amount4_odds2=self.amount**4 * odds**2 * (1 + odds),
        ).compact()

    def estimator(self, population, pi, drawn):
        n = int(drawn.sum())
        items = Sample.of(
            predicted=np.zeros(n),
            baseline=self.codes[drawn],
            score=np.full(n, np.nan),
            pi=pi[drawn],
            label=self.truth[drawn],
            amount=self.amount[drawn],
        )
        known = {"predicted": self.predicted[drawn], "bins": self.bins[drawn], "baseline": self.baseline[drawn]}
        return RegressionEstimator(population, items, **known, tolerance=NEAR)

    @property
    def truths(self):
        """The true figures, computed from all rows."""
        has = ~np.isnan(self.baseline)
        own, other, true = self.predicted[has], self.baseline[has], self.truth[has]
        apart = ~NEAR.holds(own, other)
        nearer = np.sign(np.abs(own - true) - np.abs(other - true))[apart]
        right, others_right = NEAR.holds(own, true), NEAR.holds(other, true)
        amount = self.amount[has]
        return {
            "mae": np.abs(other - true).mean() - np.abs(own - true).mean(),
            "within": right.mean() - others_right.mean(),
            "baseline_mae": np.abs(other - true).mean(),
            "baseline_within": others_right.mean(),
            "model": (nearer < 0).mean(),
            "baseline": (nearer > 0).mean(),
            "value": (COST.of_rows(own, true) - COST.of_rows(other, true)).sum(),
            "money": (BY_AMOUNT.of_rows(own, true, amount) - BY_AMOUNT.of_rows(other, true, amount)).sum(),
            "own_money": BY_AMOUNT.of_rows(self.predicted, self.truth, self.amount).sum(),
        }


def figures_of(estimator):
    return {
        "mae": estimator.gain("mae"),
        "within": estimator.gain("within"),
        "baseline_mae": estimator.estimate("mae", of="baseline"),
        "baseline_within": estimator.estimate("within", of="baseline"),
        "model": estimator.closer("model"),
        "baseline": estimator.closer("baseline"),
        "value": estimator.value(COST, against_baseline=True),
        "money": estimator.value(BY_AMOUNT, against_baseline=True),
        "own_money": estimator.value(BY_AMOUNT),
    }


def test_with_every_truth_known_each_figure_is_that_of_the_rows():
    world, pi = World(3, 2_000), np.ones(2_000)
    found = figures_of(world.estimator(world.population(pi), pi, pi > 0))
    for name, truth in world.truths.items():
        assert found[name].value == pytest.approx(truth, rel=1e-12), name
        assert found[name].method == "exact"


def cover(replicates):
    """Draw with probabilities that grow with the prediction, about 300 labels, seed 5."""
    world = World(4)
    pi = np.minimum(1.0, 300 * (0.3 / ROWS + 0.7 * world.predicted / world.predicted.sum()))
    population, rng = world.population(pi), np.random.default_rng(5)
    draws = [figures_of(world.estimator(population, pi, rng.random(ROWS) < pi)) for _ in range(replicates)]
    for name, truth in world.truths.items():
        values = np.array([draw[name].value for draw in draws])
        covered = np.mean([draw[name].low <= truth <= draw[name].high for draw in draws])
        yield name, covered, (values.mean() - truth) / (values.std(ddof=1) / np.sqrt(replicates))


def test_estimates_are_true_on_average_and_their_ranges_hold_the_truth():
    """With a true coverage of 95 %, at least 50 of 60 cover; a mean lies within 4 standard errors."""
    for name, covered, off in cover(60):
        assert covered >= 50 / 60, (name, covered)
        assert abs(off) < 4, (name, off)


@pytest.mark.slow
def test_ranges_keep_their_level():
    """600 replicates: a true coverage of 95 % stays above 92 %."""
    for name, covered, off in cover(600):
        assert covered >= 0.92, (name, covered)
        assert abs(off) < 4, (name, off)


def test_where_both_say_the_same_nothing_is_gained_without_any_label():
    cells = Population.of(predicted=[0], baseline=[0], bin=[3], n=[500], sum_pi=[5], sum_odds=[49_500])
    nobody = Sample.of(predicted=[], score=[], pi=[], label=[])
    alike = RegressionEstimator(cells, nobody, predicted=[], bins=[], tolerance=NEAR)
    for figure in (alike.gain("mae"), alike.gain("within"), alike.value(COST, against_baseline=True)):
        assert (figure.value, figure.low, figure.high, figure.method) == (0.0, 0.0, 0.0, "exact")
    assert alike.closer("model").code == "no_disagreement"
    without = RegressionEstimator(
        Population.of(predicted=[0], bin=[3], n=[500], sum_pi=[5], sum_odds=[49_500]), nobody, predicted=[], bins=[]
    )
    assert without.gain("mae").code == without.closer("model").code == "no_baseline"


def test_labels_that_are_all_right_leave_some_doubt():
    """40 of 1,000 drawn, all within the tolerance: by Wilson, at least 91.2 in 100 are right; here a little less."""
    cells = Population.of(predicted=[0], bin=[3], n=[1_000], sum_pi=[40], sum_odds=[24_000])
    ones = np.ones(40)
    items = Sample.of(predicted=0 * ones, score=ones * np.nan, pi=ones / 25, label=10 * ones)
    figure = RegressionEstimator(cells, items, predicted=10 * ones, bins=3 * ones, tolerance=NEAR).estimate("within")
    assert (figure.value, figure.high) == (1.0, 1.0)
    assert 0.88 < figure.low < 0.92
