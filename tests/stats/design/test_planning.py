import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from apps.stats.design.binary_expectation import BinaryExpectation
from apps.stats.design.class_expectation import ClassExpectation
from apps.stats.design.number_expectation import EarlierNumbers, NumberExpectation
from apps.stats.design.planning import Plan
from apps.stats.estimators.multiclass import MulticlassEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix
from apps.stats.intervals import logit_mod, t_quantile
from tests.oracles.numeric_populations import numbers
from tests.oracles.populations import AMOUNTS, N, simulated

METRICS = ("accuracy", "precision", "recall", "f1", "mcc", "auc", "brier", "value")
CLASSES = ("cat", "dog", "owl")


def rows_of(rate=0.01, *, seed=3, rows=4_000):
    rng = np.random.default_rng(seed)
    s = rng.beta(0.7, 0.9, rows)
    return {
        "predicted": (s > 0.45).astype(int),
        "score": s,
        "pi": np.full(rows, rate),
        "amount": rng.uniform(1, 2, rows),
    }


def plan(rate=0.01, **how):
    return Plan(BinaryExpectation(Population.from_rows(**rows_of(rate)), matrix=AMOUNTS), **how)


def several(rate=0.05, *, seed=5, rows=6_000):
    """Return cells of three classes, and everybody's labels."""
    rng = np.random.default_rng(seed)
    predicted, top = rng.integers(0, 3, rows), rng.uniform(0.4, 0.99, rows)
    truth = np.where(rng.random(rows) < top, predicted, rng.integers(0, 3, rows))
    cells = Population.from_rows(predicted=predicted, score=top, pi=np.full(rows, rate))
    return cells, Sample.of(predicted=predicted, score=top, pi=np.full(rows, rate), label=truth)


def test_a_uniform_draw_is_planned_by_the_formula_of_the_interval():
    """V_a = (1/n − 1/N)·mean m(1−m), ν_a = n·(Σκ₂)²/(N·Σκ₄) but for o(1+o), and t with 10 more; closed form."""
    draw = plan(0.05)
    cells = draw.expectation.population
    m = draw.expectation.fitted.predict(cells.logit)
    spread = m * (1 - m)
    variance = (1 / 200 - 1 / 4_000) * float(cells.n @ spread) / 4_000
    nu = (19 * cells.n @ spread) ** 2 / (19**2 * 20 * cells.n @ (spread * (1 - 3 * spread)))
    right = float(cells.n @ np.where(cells.predicted == 1, m, 1 - m)) / 4_000
    interval = logit_mod(right, variance=variance, df=nu + 10, n=200)
    planned = draw.half_width("accuracy")
    assert planned.half_width == pytest.approx((interval.high - interval.low) / 2, rel=1e-6)  # m is clipped in V_a
    assert (planned.value, planned.labels) == (pytest.approx(right), pytest.approx(200))
    assert t_quantile(0.95, nu + 10) > 1.96


@pytest.mark.parametrize("metric", METRICS)
def test_the_labels_for_a_target_reach_it(metric):
    draw = plan(0.02)
    target = draw.half_width(metric).half_width / 4
    needed = draw.labels_for(metric, target)
    assert needed.code is None
    assert needed.half_width == pytest.approx(target, rel=1e-4) or needed.times == pytest.approx(1_000 / 80, rel=1e-4)
    assert needed.labels == pytest.approx(needed.times * 80)
    assert replace(draw, times=needed.times).half_width(metric) == needed


def test_four_times_the_traffic_halves_the_range():
    """Half-width ∝ 1/√times, but for the t quantile and the logit."""
    once, four = plan(0.05).half_width("accuracy"), plan(0.05, times=4.0).half_width("accuracy")
    assert four.labels == 4 * once.labels
    assert four.half_width == pytest.approx(once.half_width / 2, rel=0.02)


def test_half_the_answers_plan_like_half_the_draw():
    answered, drawn = plan(0.05, response=0.5), plan(0.025)
    for metric in METRICS:
        assert answered.half_width(metric).half_width == pytest.approx(drawn.half_width(metric).half_width, rel=1e-6)
    assert answered.half_width("recall").labels == pytest.approx(100)


def test_the_minimum_rule_says_how_many_labels_are_missing():
    """40 labels of the 50 that chance must give; in a slice 10 do."""
    short = plan(0.01).half_width("accuracy")
    assert (short.code, short.labels_needed) == ("preliminary", 10)
    assert plan(0.01, least_by_chance=10.0).half_width("accuracy").code is None
    assert plan(0.01).labels_for("accuracy", 0.4).labels == pytest.approx(50, rel=1e-4)


def test_a_target_that_is_met_waits_for_the_minimum_rule():
    needed = plan(0.01).labels_for("brier", 0.1)
    assert needed.code is None
    assert needed.labels == pytest.approx(1_000, rel=1e-4)


def test_what_is_certain_has_no_range():
    certain = plan(1.0).half_width("accuracy")
    assert (certain.half_width, certain.code, certain.value) == (0.0, None, certain.low)


def test_cells_and_rows_give_the_same_plan():
    """They agree where p is constant within a cell and amounts are left out."""
    world = simulated("balanced")
    p = np.where(world.predicted == 1, 0.004, 0.002)
    known = {"predicted": world.predicted, "score": world.score, "pi": p}
    cells, rows = (Plan(BinaryExpectation(make(**known))) for make in (Population.from_rows, Population.of_each))
    for metric in ("accuracy", "precision", "recall", "auc"):
        assert cells.half_width(metric).half_width == pytest.approx(rows.half_width(metric).half_width, rel=1e-9)


def test_baselines_do_not_split_the_plan():
    known = rows_of(0.05)
    apart = Population.from_rows(**known, baseline=np.arange(4_000) % 2)
    for metric in METRICS:
        planned = Plan(BinaryExpectation(apart, matrix=AMOUNTS)).half_width(metric)
        assert planned.half_width == pytest.approx(plan(0.05).half_width(metric).half_width, rel=1e-9)


def test_plans_of_several_draws_share_what_they_expect():
    known = plan(0.01).expectation
    denser = Population.from_rows(**rows_of(0.05))
    assert Plan(known, denser).half_width("recall") == plan(0.05).half_width("recall")


@pytest.mark.slow
def test_the_later_range_is_about_as_wide_as_planned():
    """Balanced, 500 labels: the study's mean width of accuracy is .045 with the recommended draw."""
    world = simulated("balanced")
    p, rng = np.full(N, 500 / N), np.random.default_rng(4)
    earlier = world.sample(np.full(N, 1_000 / N), rng)
    draw = Plan(BinaryExpectation(world.population(p), matrix=AMOUNTS, earlier=earlier))
    figures = [world.estimator(world.population(p), p, rng) for _ in range(20)]
    for metric in ("accuracy", "precision", "recall", "value"):
        found = [one.mean_value(AMOUNTS) if metric == "value" else one.estimate(metric) for one in figures]
        realised = np.median([(figure.high - figure.low) / 2 for figure in found])
        assert realised / draw.half_width(metric).half_width == pytest.approx(1, abs=0.15), metric


def test_a_class_against_the_rest_is_planned_like_the_later_range():
    cells, everybody = several()
    names = ("accuracy", "macro_precision", "macro_recall", "precision:dog", "recall:owl", "weighted_f1", "kappa")
    rng = np.random.default_rng(6)
    first, then = (everybody.where(rng.random(6_000) < share) for share in (0.2, 0.05))
    draw = Plan(ClassExpectation(cells, class_names=CLASSES, earlier=first, matrix=ValueMatrix.of(np.eye(3))))
    estimator = MulticlassEstimator(cells, then, classes=3)
    for name in names:
        metric, _, label = name.partition(":")
        average, _, rest = metric.partition("_")
        asked = {"label": CLASSES.index(label)} if label else {"average": average} if rest else {}
        figure = estimator.estimate(rest or metric, **asked)
        planned = draw.half_width(name)
        assert (figure.high - figure.low) / 2 == pytest.approx(planned.half_width, rel=0.15), name
    value, right = draw.half_width("value"), draw.half_width("accuracy")
    assert value.value == pytest.approx(right.value)
    assert value.half_width == pytest.approx(right.half_width, rel=0.02)


@pytest.mark.parametrize(("metric", "off"), [("mae", 0.15), ("bias", 0.15), ("rmse", 0.3), ("mse", 0.3)])
def test_errors_of_numbers_are_planned_like_the_later_range(metric, off):
    """A few large errors carry squared ones, so a thousand earlier labels foretell their range less well."""
    world, rng = numbers("growing"), np.random.default_rng(8)
    p = world.probabilities("amount", 1_000)
    population = world.population(p)
    at = rng.choice(N, 1_000, replace=False)
    known = {
        "numbers": world.predicted[at],
        "truth": world.truth[at],
        "bin": world.cell[at],
        "pi": np.full(1_000, 0.005),
    }
    planned = Plan(NumberExpectation(population, EarlierNumbers.of(**known))).half_width(metric)
    widths = [
        (one.high - one.low) / 2 for one in (world.estimator(population, p, rng).estimate(metric) for _ in range(9))
    ]
    assert np.median(widths) == pytest.approx(planned.half_width, rel=off)


def test_without_earlier_labels_errors_of_numbers_cannot_be_planned():
    cells = Population.of(predicted=[0, 0], bin=[3, 7], n=[200, 100], sum_pi=[2, 1], sum_odds=[2e4, 1e4])
    assert Plan(NumberExpectation(cells, None)).half_width("mae").code == "no_earlier_labels"
    one = EarlierNumbers.of(numbers=[1.0], truth=[2.0], bin=[3], pi=[0.1])
    assert Plan(NumberExpectation(cells, one)).labels_for("mae", 0.1).code == "too_few"


def test_a_draw_that_excludes_predictions_cannot_be_planned():
    cells = Population.of(
        predicted=[0, 1], bin=[60, 140], n=[9, 9], sum_pi=[0, 1], sum_odds=[0, 72], n_uncovered=[9, 0]
    )
    draw = Plan(BinaryExpectation(cells))
    assert draw.half_width("accuracy").code == "not_estimable"
    assert draw.half_width("precision").code == "preliminary"
    assert draw.labels_for("accuracy", 0.01).code == "not_estimable"


def test_an_empty_population_has_no_plan():
    empty = Population.from_rows(predicted=[], score=[], pi=[])
    assert Plan(BinaryExpectation(empty)).half_width("recall").code == "no_population"
    assert Plan(ClassExpectation(empty, class_names=CLASSES)).half_width("recall:cat").code == "no_population"
    without = Population.from_rows(predicted=[1, 0], score=[np.nan, np.nan], pi=[0.5, 0.5])
    assert Plan(BinaryExpectation(without)).half_width("auc").code == "no_score"
    assert Plan(BinaryExpectation(without, matrix=AMOUNTS)).half_width("value").code == "no_amount"


def test_planning_needs_no_heavy_module():
    """The web process plans."""
    modules = ("planning", "recommendation", "binary_expectation", "class_expectation", "number_expectation")
    code = f"import sys\nfor name in {modules}: __import__('apps.stats.design.' + name)\n"
    code += "print(sorted({'scipy.stats', 'scipy.optimize', 'pandas', 'django'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
