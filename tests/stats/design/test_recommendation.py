import numpy as np
import pytest

from apps.stats.design.binary_expectation import BinaryExpectation
from apps.stats.design.class_expectation import ClassExpectation
from apps.stats.design.expectation import cells_of
from apps.stats.design.number_expectation import EarlierNumbers, NumberExpectation
from apps.stats.design.planning import Plan
from apps.stats.design.recommendation import floor_share, recommend
from apps.stats.estimators.population import Population
from apps.stats.estimators.recalibration import Recalibration
from apps.stats.estimators.sample import Sample
from tests.oracles.numeric_populations import numbers
from tests.oracles.populations import AMOUNTS, N, drawn, simulated, spread

METRICS = ("accuracy", "precision", "recall", "value")
CELLS = Population.of(
    predicted=[0, 0, 1], bin=[70, 100, 130], n=[7e3, 1e3, 2e3], sum_pi=[7, 1, 2], sum_odds=[7e6, 1e6, 2e6]
)


def labeled(world, n, *, seed=3):
    return world.sample(np.full(N, n / N), np.random.default_rng(seed))


def rows_of(world):
    known = {"predicted": world.predicted, "score": world.score, "amount": world.amount}
    return known | {"pi": np.full(N, 1e-3), "score_bins": world.score_bins}


def known_of(kind, n=1_000):
    world = simulated(kind)
    return BinaryExpectation(world.population(np.full(N, 1e-3)), matrix=AMOUNTS, earlier=labeled(world, n))


def test_it_is_proportional_to_the_spread_above_what_everybody_gets():
    """Neyman's allocation for one metric: p − floor in proportion to √(m(1−m))."""
    best = recommend(BinaryExpectation(CELLS), ["accuracy"], expected=500)
    m = BinaryExpectation(CELLS).fitted.predict(CELLS.logit)
    above = best.priority - best.floor_share
    assert above / above[0] == pytest.approx(np.sqrt(m * (1 - m) / (m * (1 - m))[0]))
    assert float(CELLS.n @ best.priority) == pytest.approx(CELLS.size)


def test_without_earlier_labels_chance_keeps_its_share():
    known = BinaryExpectation(CELLS)
    assert recommend(known, ["accuracy"], expected=500).floor_share == pytest.approx(0.3)
    assert recommend(known, ["accuracy"], expected=500, is_new=True).floor_share == pytest.approx(0.5)
    assert recommend(known, ["accuracy"], expected=100).floor_share == pytest.approx(0.5)
    only = recommend(known, ["accuracy"], expected=50)
    assert (only.mixing, only.priority.tolist()) == (0.0, [1.0] * 3)


@pytest.mark.parametrize("kind", ["balanced", "rare", "hidden"])
def test_no_metric_is_estimated_worse_than_with_a_uniform_draw(kind):
    best = recommend(known_of(kind), METRICS, expected=500)
    assert max(best.variance_ratio.values()) <= 1
    assert 0.1 <= best.floor_share <= best.priority.min()


def test_its_variance_ratio_is_that_of_the_plans():
    """Without earlier labels to judge by, both are V_a."""
    world = simulated("rare")
    known = BinaryExpectation(world.population(np.full(N, 500 / N)))
    best = recommend(known, METRICS[:3], expected=500)
    n = known.population.n
    uniform, active = (
        Plan(known, drawn(known.population, spread(priority, n=n, expected=500)))
        for priority in (np.ones(len(n)), best.priority)
    )
    for metric in METRICS[:3]:
        of_variance = active._outlook(metric).variance / uniform._outlook(metric).variance
        assert best.variance_ratio[metric] == pytest.approx(of_variance, rel=1e-9)


def test_the_amount_counts_where_money_is_planned():
    """Neyman: with the value alone to plan, p beyond the floor grows in proportion to the amount."""
    world = simulated("balanced")
    known = known_of("balanced")
    best = recommend(known, ["value"], expected=500)
    assert best.priority == pytest.approx(best.floor_share)
    own = best.by_amount[cells_of(Population.of_each(**rows_of(world)), known.population)[1]] * world.amount
    assert best.floor_share + own.mean() == pytest.approx(1, abs=0.005)
    assert not recommend(known, METRICS[:3], expected=500).by_amount.any()


def test_figures_of_a_rare_class_keep_enough_degrees_of_freedom_to_stand():
    """Rare, 500 labels: with a floor of a tenth, accuracy and recall would have less than 5 degrees of freedom."""
    known = known_of("rare", n=20_000)
    best = recommend(known, METRICS[:3], expected=500)
    plan = Plan(known, drawn(known.population, spread(best.priority, n=known.population.n, expected=500)))
    assert best.floor_share > 0.2
    assert all(plan.half_width(metric).code is None for metric in METRICS[:3])


def test_labels_that_contradict_the_proxy_keep_the_draw_near_uniform():
    """A proxy that is sure where the model errs: of 1,000 earlier labels, a tenth are wrong in the cell it trusts."""
    cells = Population.of(predicted=[0, 1], bin=[40, 100], n=[9e3, 1e3], sum_pi=[9, 1], sum_odds=[9e6, 1e6])
    score = np.repeat([cells.score_bins.bounds[40] + 1e-9, 0.499], [900, 100])
    asked = {"predicted": np.repeat([0, 1], [900, 100]), "score": score, "pi": np.full(1_000, 0.1)}
    earlier = Sample.of(**asked, label=np.arange(1_000) % 10 == 0)
    trusted = BinaryExpectation(cells, proxy=Recalibration(0.0, 1.0))
    contradicted = BinaryExpectation(cells, proxy=Recalibration(0.0, 1.0), earlier=earlier)
    assert recommend(trusted, ["accuracy"], expected=500).mixing > 0.9
    assert recommend(contradicted, ["accuracy"], expected=500).mixing < 0.4


def test_a_metric_without_weight_may_get_worse():
    known = known_of("balanced")
    only = recommend(known, METRICS, expected=500, weights=[0, 0, 1, 0])
    assert only.variance_ratio["recall"] < recommend(known, METRICS, expected=500).variance_ratio["recall"]


def test_classes_and_numbers_get_tables_too():
    rng = np.random.default_rng(4)
    predicted, top = rng.integers(0, 3, 5_000), rng.uniform(0.4, 0.99, 5_000)
    cells = Population.from_rows(predicted=predicted, score=top, pi=np.full(5_000, 0.1))
    known = Sample.of(predicted=predicted, score=top, pi=np.full(5_000, 0.1), label=np.where(top > 0.7, predicted, 1))
    classes = ClassExpectation(cells, class_names=["a", "b", "c"], earlier=known)
    best = recommend(classes, ["accuracy", "macro_recall", "precision:a"], expected=500)
    assert best.variance_ratio["accuracy"] < 0.9
    assert len(best.priority) == len(best.bin) == len(classes.population.n)
    world, at = numbers("growing"), rng.choice(N, 1_000, replace=False)
    labels = {
        "numbers": world.predicted[at],
        "truth": world.truth[at],
        "bin": world.cell[at],
        "pi": np.full(1_000, 0.005),
    }
    errors = NumberExpectation(world.population(np.full(N, 1e-3)), EarlierNumbers.of(**labels))
    best = recommend(errors, ["mae", "bias"], expected=500)
    assert best.variance_ratio["mae"] < 0.95
    assert best.priority[-1] > 1 > best.priority[0]


def test_the_draw_has_the_expected_size():
    assert spread([1.0, 1.0, 4.0], n=[5, 3, 2], expected=4).tolist() == [0.25, 0.25, 1.0]
    assert spread([1.0, 3.0], n=[8, 2], expected=50).tolist() == [1.0, 1.0]
    p = spread([1.0, 2.0, 30.0], n=[700, 200, 100], expected=150)
    assert float(np.array([700, 200, 100]) @ p) == pytest.approx(150)


def test_a_small_draw_and_a_new_model_have_a_larger_floor():
    assert [floor_share(n) for n in (40, 99, 150, 199, 200, 1_000)] == [1.0, 50 / 99, 0.5, 0.5, 0.3, 0.3]
    assert floor_share(1_000, is_new=True) == 0.5
