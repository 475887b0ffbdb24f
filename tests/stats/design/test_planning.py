import numpy as np
import pytest

from apps.stats.design.planning import Plan
from apps.stats.estimators.population import Population
from apps.stats.estimators.recalibration import recalibrate
from tests.oracles.populations import AMOUNTS, simulated

TARGET = 0.01


def plan(rate=0.01, *, seed=3, rows=4_000):
    rng = np.random.default_rng(seed)
    s = rng.beta(0.7, 0.9, rows)
    known = {
        "predicted": (s > 0.45).astype(int),
        "score": s,
        "pi": np.full(rows, rate),
        "amount": rng.uniform(1, 2, rows),
    }
    return Plan(Population.from_rows(**known), matrix=AMOUNTS)


def test_a_uniform_draw_is_planned_by_the_textbook_formula():
    """z·√((1/n − 1/N)·mean m(1−m)) for a proportion, with the score as m."""
    draw = plan(0.05)
    m = draw.proxy.predict(draw.population.logit)
    mean = float(draw.population.n @ (m * (1 - m))) / 4_000
    planned = draw.half_width("accuracy")
    assert planned.half_width == pytest.approx(1.959964 * np.sqrt((1 / 200 - 1 / 4_000) * mean), rel=1e-6)
    assert planned.labels == pytest.approx(200)


@pytest.mark.parametrize("metric", ["accuracy", "precision", "recall", "f1", "mcc", "auc", "brier", "value"])
def test_the_labels_for_a_target_reach_it(metric):
    draw = plan()
    target = draw.half_width(metric).half_width / 2
    needed = draw.labels_for(metric, target)
    assert needed.code is None
    assert needed.half_width == pytest.approx(target, rel=1e-4)
    factor = needed.labels / draw.half_width(metric).labels
    assert draw.scaled(factor).half_width(metric).half_width == pytest.approx(target, rel=1e-3)


def test_the_recommended_draw_needs_fewer_labels_than_a_uniform_one():
    draw = plan()
    best = draw.labels_for_best("accuracy", TARGET)
    assert best.half_width == pytest.approx(TARGET, rel=1e-3)
    assert best.labels < 0.9 * draw.labels_for("accuracy", TARGET).labels


def test_cells_and_rows_give_the_same_plan():
    """They agree where a metric is linear in the truth and p is constant within a cell."""
    world = simulated("balanced")
    p = np.where(world.predicted == 1, 0.004, 0.002)
    known = {"predicted": world.predicted, "score": world.score, "pi": p, "amount": world.amount}
    cells = Plan(Population.from_rows(**known), matrix=AMOUNTS)
    rows = Plan(Population.of_each(**known), matrix=AMOUNTS)
    for metric in ("accuracy", "precision", "recall", "auc"):
        assert cells.half_width(metric).half_width == pytest.approx(rows.half_width(metric).half_width, rel=1e-9)
    assert cells.half_width("value").half_width == pytest.approx(rows.half_width("value").half_width, rel=1e-9)


def test_a_recalibrated_plan_is_close_to_the_later_interval():
    """The study: .045 wide, with t quantiles. This model's raw score promises a fifth too much."""
    world = simulated("balanced")
    p = world.probabilities(500)
    earlier = np.random.default_rng(4).choice(len(p), 2_000)
    logit = world.score_bins.centers[world.score_bins.place(world.score[earlier])]
    fitted = recalibrate(logit, world.truth[earlier], np.ones(2_000))
    planned = Plan(world.population(p), proxy=fitted).half_width("accuracy")
    assert planned.labels == pytest.approx(500)
    assert 2 * planned.half_width == pytest.approx(0.045, rel=0.08)
    assert 2 * Plan(world.population(p)).half_width("accuracy").half_width == pytest.approx(0.036, rel=0.03)


def test_a_draw_that_excludes_predictions_cannot_be_planned():
    cells = Population.of(
        predicted=[0, 1], bin=[60, 140], n=[9, 9], sum_pi=[0, 1], sum_odds=[0, 72], n_uncovered=[9, 0]
    )
    assert Plan(cells).half_width("accuracy").code == "not_estimable"
    assert Plan(cells).half_width("precision").code is None
    assert Plan(cells).labels_for("accuracy", 0.01).code == "not_estimable"


def test_an_empty_population_has_no_plan():
    empty = Population.from_rows(predicted=[], score=[], pi=[])
    assert Plan(empty).half_width("recall").code == "no_population"
    without = Population.from_rows(predicted=[1, 0], score=[np.nan, np.nan], pi=[0.5, 0.5])
    assert Plan(without).half_width("auc").code == "no_score"


def test_the_recommended_probabilities_add_up_over_cells():
    draw = plan()
    best = draw.recommended(["accuracy", "recall", "value"], expected=300)
    assert float(draw.population.n @ best.probability) == pytest.approx(300)
    assert draw.with_probability(best.probability).half_width("recall").labels == pytest.approx(300)


def test_bad_input_is_named():
    draw = plan()
    with pytest.raises(ValueError, match="half_width must be positive"):
        draw.labels_for("accuracy", 0)
    with pytest.raises(ValueError, match="probability must be in"):
        draw.with_probability(np.zeros(len(draw.population.n)))
    with pytest.raises(ValueError, match="matrix is needed"):
        Plan(draw.population).half_width("value")
    with pytest.raises(ValueError, match="unknown metric"):
        draw.half_width("sharpness")
    with pytest.raises(ValueError, match="level must be in"):
        Plan(draw.population, level=1.0).half_width("accuracy")
    without = Plan(Population.from_rows(predicted=[1, 0], score=[np.nan, np.nan], pi=[0.5, 0.5]))
    with pytest.raises(ValueError, match="cannot be planned: no_score"):
        without.recommended(["auc"], expected=1)
