"""Bad input for score bins, plans and response rates: an error that names the argument, or sound numbers."""

import numpy as np
import pytest
from hypothesis import strategies as st

from apps.stats.design import response
from apps.stats.design.binary_expectation import BinaryExpectation
from apps.stats.design.checks import check_draw
from apps.stats.design.class_expectation import ClassExpectation
from apps.stats.design.mixtures import factor_of
from apps.stats.design.number_expectation import EarlierNumbers, NumberExpectation
from apps.stats.design.planning import Plan
from apps.stats.design.recommendation import floor_share, recommend
from apps.stats.estimators.population import Population
from apps.stats.estimators.recalibration import Recalibration
from apps.stats.estimators.value import ValueMatrix
from apps.stats.score_bins import LOGIT_BINS
from tests.stats.broken import ARGUMENTS, NUMBERS, VECTORS, windows
from tests.stats.soundness import INF, NAN, attempted, holds, judged, quick_and_many

CELLS = Population.of(predicted=[0, 1], bin=[70, 130], n=[8000, 2000], sum_pi=[400, 100], sum_odds=[152000, 38000])
NOBODY = Population.of(predicted=[], bin=[], n=[], sum_pi=[], sum_odds=[])
UNSCORED = Population.from_rows(predicted=[0, 1], score=[NAN, NAN], pi=[0.5, 0.5])
THIRD = Population.from_rows(predicted=[2], score=[0.5], pi=[1])
KNOWN = BinaryExpectation(CELLS)
IN_PART = Population.from_rows(predicted=[0, 1], score=[0.2, 0.8], pi=[0.0, 0.5])
MONEY = ValueMatrix.of([[650, -250], [0, 0]])
PLANNED = ("accuracy", "precision", "recall", "f1", "mcc", "auc", "average_precision", "brier", "log_loss", "value")


def rates_of(queue, **given):
    n = len(queue)
    asked = {"band": [0] * n, "day": [0] * n, "answered": [1] * n, "weight": [1.0] * n} | given
    return response.response_rates(queue=queue, **asked)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: LOGIT_BINS.place([1.1]), "score must be in"),
        (lambda: LOGIT_BINS.place([INF]), "score holds infinite values"),
        (lambda: LOGIT_BINS.centers_of([200]), "bins must be below 200"),
        (lambda: LOGIT_BINS.centers_of([-2]), "bins must not be below -1"),
        (lambda: floor_share(0), "expected must be positive"),
        (lambda: floor_share(NAN), "expected must be positive"),
        (lambda: factor_of([0.0], [1], expected=1), "priority must be positive"),
        (lambda: factor_of([1.0], [-1], expected=1), "n must not be negative"),
        (lambda: factor_of([1.0], [1, 1], expected=1), "lengths differ"),
        (lambda: factor_of([1.0], [1], expected=NAN), "expected must be positive"),
        (lambda: recommend(KNOWN, [], expected=9), "metrics must hold at least one"),
        (lambda: recommend(KNOWN, ["accuracy"], expected=INF), "expected must be positive"),
        (lambda: recommend(KNOWN, ["nonsense"], expected=9), "unknown metric 'nonsense'"),
        (lambda: recommend(KNOWN, ["accuracy"], expected=9, weights=[0.0]), "weights must not be negative"),
        (lambda: recommend(KNOWN, ["accuracy"], expected=9, weights=[NAN]), "weights holds nan"),
        (lambda: recommend(KNOWN, ["accuracy"], expected=9, weights=[1, 1]), "weights must have length 1"),
        (lambda: recommend(BinaryExpectation(UNSCORED), ["auc"], expected=9), "metrics holds 'auc', .* no_score"),
        (lambda: recommend(BinaryExpectation(NOBODY), ["auc"], expected=9), "population must hold predictions"),
        (lambda: BinaryExpectation(THIRD), "predicted of the population must be"),
        (lambda: BinaryExpectation(CELLS, matrix=ValueMatrix.of(np.eye(3))), "matrix must be two by two"),
        (lambda: KNOWN.figure("value"), "matrix is needed"),
        (lambda: ClassExpectation(CELLS, class_names=["a"]), "class_names must hold two or more"),
        (lambda: ClassExpectation(THIRD, class_names=["a", "b"]), "predicted of the population must be below 2"),
        (lambda: ClassExpectation(CELLS, class_names=["a", "b"]).figure("recall:c"), "unknown metric 'recall:c'"),
        (lambda: ClassExpectation(CELLS, class_names=["a", "b"]).figure("value"), "matrix is needed"),
        (lambda: ClassExpectation(CELLS, class_names=["a", "b"], matrix=ValueMatrix.of(np.eye(3))), "have 2 classes"),
        (lambda: NumberExpectation(CELLS, None).figure("r2"), "unknown metric 'r2'"),
        (lambda: EarlierNumbers.of(numbers=[1], truth=[NAN], bin=[0], pi=[1]), "truth holds nan"),
        (lambda: EarlierNumbers.of(numbers=[1], truth=[1], bin=[0], pi=[0]), "pi must be in"),
        (lambda: EarlierNumbers.of(numbers=[1], truth=[1], bin=[0.5], pi=[1]), "bin must hold whole numbers"),
        (lambda: Plan(KNOWN, level=1.0), "level must be in"),
        (lambda: Plan(KNOWN, times=0), "times must be between"),
        (lambda: Plan(KNOWN, times=NAN), "times must be between"),
        (lambda: Plan(KNOWN, response=0), "response must be in"),
        (lambda: Plan(KNOWN, least_by_chance=-1), "least_by_chance must not be negative"),
        (lambda: Plan(KNOWN, UNSCORED), "population must have the cells"),
        (lambda: Plan(KNOWN).half_width("nonsense"), "unknown metric 'nonsense'"),
        (lambda: Plan(KNOWN).labels_for("accuracy", 0), "half_width must be positive"),
        (lambda: Plan(KNOWN).labels_for("accuracy", NAN), "half_width must be positive"),
        (lambda: Recalibration(NAN, 1.0), "intercept and slope holds nan"),
        (lambda: check_draw(CELLS, predicted=[0.5], bin=[3]), "predicted must hold whole numbers"),
        (lambda: check_draw(CELLS, predicted=[0], bin=[NAN]), "bin holds nan"),
        (lambda: check_draw(CELLS, predicted=[0], bin=[]), "bin must have length 1"),
        (lambda: rates_of([0], answered=[2]), "answered must be 0 or 1"),
        (lambda: rates_of([0, 1], answered=[True]), "queue must have length 1"),
        (lambda: rates_of([0], day=[1, 2]), "day must have length 1"),
        (lambda: rates_of([0], weight=[0]), "weight must be positive"),
        (lambda: rates_of([0], expected=NAN), "expected must be positive"),
        (lambda: response.settled_probability([0.5], chosen=[0], settled=[1], strata=[0]), "settled must be among"),
        (lambda: response.settled_probability([1.5], chosen=[1], settled=[1], strata=[0]), "q must be in"),
        (lambda: response.settled_probability([INF], chosen=[1], settled=[1], strata=[0]), "q holds infinite"),
    ],
)
def test_bad_input_is_named(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()


@pytest.mark.parametrize(
    ("population", "metric", "code"),
    [
        (NOBODY, "accuracy", "no_population"),
        (IN_PART, "accuracy", "not_estimable"),
        (CELLS.with_response([0.0, 1.0]), "accuracy", "no_response"),
        (UNSCORED, "auc", "no_score"),
        (CELLS.where(CELLS.predicted == 0), "precision", "no_predicted_positives"),
    ],
)
def test_a_plan_without_a_number_says_why(population, metric, code):
    plan = Plan(BinaryExpectation(population))
    assert (plan.half_width(metric).half_width, plan.half_width(metric).code) == (None, code)
    assert plan.labels_for(metric, 0.05).code == code


def test_a_target_that_no_window_meets_is_out_of_reach():
    few = Population.of(predicted=[0, 1], bin=[70, 130], n=[8, 2], sum_pi=[4, 1], sum_odds=[800, 1])
    assert Plan(BinaryExpectation(few)).labels_for("accuracy", 1e-9).code == "out_of_reach"


def test_an_empty_draw_has_no_rates():
    assert rates_of([], answered=[]).tolist() == []


@quick_and_many(100, times=15)
def test_bins_and_floor_shares_are_sound_or_refused(examples):
    def claim(one, rate):
        judged(lambda: LOGIT_BINS.place(one), "score")
        judged(lambda: LOGIT_BINS.centers_of(one), "bins")
        judged(lambda: floor_share(rate), "expected")

    holds(claim, VECTORS, NUMBERS, examples=examples)


@quick_and_many(100, times=15)
def test_a_draw_by_priority_has_the_expected_size(examples):
    def claim(*, priority, n, expected):
        factor = judged(lambda: factor_of(priority, n, expected=expected), "priority", "n", "expected")
        if factor is not None:
            p = np.minimum(1.0, factor * np.array(priority))
            assert ((p >= 0) & (p <= 1)).all()
            if sum(n) < 1e9:
                assert float(np.array(n) @ p) == pytest.approx(min(expected, sum(n)), rel=1e-9)

    sizes = st.lists(st.sampled_from([0.0, 1.0, 1e-12, 0.25, 7.0, 1e12]), min_size=3, max_size=3)
    ranks = st.lists(st.sampled_from([1.0, 1e-12, 0.25, 7.0, 1e6, 0.0]), min_size=3, max_size=3)
    wanted = st.floats(0.1, 3) | st.sampled_from([1.0, 2.5, 1e-9, 1e30, 0.0, NAN])
    holds(claim, priority=ranks | VECTORS, n=sizes | VECTORS, expected=wanted, examples=examples)


@quick_and_many(100, times=15)
def test_response_is_sound_or_refused(examples):
    def claim(one, two, three, expected):
        asked = {"band": two, "day": one, "answered": three, "weight": two, "expected": expected}
        rates = judged(lambda: response.response_rates(queue=one, **asked), "queue", *asked)
        if rates is not None:
            assert ((rates >= 0) & (rates <= 1)).all()
        phases = {"chosen": two, "settled": three, "strata": one}
        attempted(lambda: response.settled_probability(two, **phases), "q", *phases)

    numbers = st.lists(st.sampled_from([0, 1, 1, 7]), min_size=2, max_size=2) | VECTORS
    holds(claim, numbers, numbers, numbers, NUMBERS | st.just(10.0), examples=examples)


@quick_and_many(40, times=15)
def test_plans_and_checks_of_any_window_are_sound_or_refused(examples):
    named = (*ARGUMENTS, "expected", "metrics", "half_width", "probability", "population", "earlier")

    def claim(window, target, expected, metric):
        judged(lambda: check_draw(window.single, predicted=window.sample.predicted, bin=window.sample.bin), *named)
        known = attempted(lambda: BinaryExpectation(window.population, matrix=MONEY, earlier=window.sample), *named)
        if known is None:
            return
        plan = Plan(known)
        judged(lambda: [plan.half_width(each) for each in PLANNED], *named)
        judged(lambda: plan.labels_for(metric, target), *named)
        best = judged(lambda: recommend(known, [metric, "accuracy"], expected=expected), *named)
        if best is not None:
            assert 0 < best.floor_share <= best.priority.min() * (1 + 1e-9)

    targets = st.sampled_from([0.05, 1e-9, 1e9, 0.0, NAN])
    sizes = st.sampled_from([5.0, 1.0, 1e-9, 1e12, 0.0, INF])
    holds(claim, windows(), targets, sizes, st.sampled_from(PLANNED), examples=examples)
