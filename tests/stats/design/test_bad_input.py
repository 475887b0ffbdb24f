"""Bad input for score bins, plans and response rates: an error that names the argument, or sound numbers."""

import numpy as np
import pytest
from hypothesis import strategies as st

from apps.stats.design import response
from apps.stats.design.checks import check_draw
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
        (lambda: recommend({}, [0.2], expected=1), "beta2 must name at least one metric"),
        (lambda: recommend({"a": [1.0]}, [], expected=1), "n must hold predictions"),
        (lambda: recommend({"a": [1.0]}, [0.2, 0.2], expected=1), "beta2 of a must have length 2"),
        (lambda: recommend({"a": [-1.0]}, [0.2], expected=1), "beta2 of a must not be negative"),
        (lambda: recommend({"a": [1.0]}, [-0.2], expected=1), "variance and n must not be negative"),
        (lambda: recommend({"a": [1.0]}, [0.2], expected=INF), "expected must be positive"),
        (lambda: recommend({"a": [1.0]}, [0.2], expected=1, delta=0), "delta must be in"),
        (lambda: recommend({"a": [1.0]}, [0.2], expected=1, weights={"b": 1.0}), "weights names metrics"),
        (lambda: recommend({"a": [1.0]}, [0.2], expected=1, weights={"a": NAN}), "weights must not be negative"),
        (lambda: Plan(Population.from_rows(predicted=[2], score=[0.5], pi=[1])), "predicted of the population must be"),
        (lambda: Plan(CELLS, level=1.0), "level must be in"),
        (lambda: Plan(CELLS, matrix=ValueMatrix.of(np.eye(3))), "matrix must be two by two"),
        (lambda: Plan(CELLS).half_width("value"), "matrix is needed"),
        (lambda: Plan(CELLS).half_width("nonsense"), "unknown metric 'nonsense'"),
        (lambda: Plan(CELLS).labels_for("accuracy", 0), "half_width must be positive"),
        (lambda: Plan(CELLS).labels_for_best("accuracy", NAN), "half_width must be positive"),
        (lambda: Plan(CELLS).recommended([], expected=9), "metrics must hold at least one"),
        (lambda: Plan(UNSCORED).recommended(["auc"], expected=9), "metrics holds 'auc', .* no_score"),
        (lambda: Plan(CELLS).recommended(["auc"], expected=9, weights=[0.0]), "weights must not be"),
        (lambda: Plan(CELLS).with_probability([0.5]), "probability must have length 2"),
        (lambda: Plan(CELLS).with_probability([0.0, 0.5]), "probability must be in"),
        (lambda: Plan(CELLS).scaled(0), "factor must be positive"),
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
    plan = Plan(population)
    assert (plan.half_width(metric).half_width, plan.half_width(metric).code) == (None, code)
    assert plan.labels_for(metric, 0.05).code == code
    assert plan.labels_for_best(metric, 0.05).code == code


def test_a_target_that_no_number_of_labels_meets_is_out_of_reach():
    rounded = Population.of(predicted=[0, 1], bin=[70, 130], n=[8, 2], sum_pi=[4, 1], sum_odds=[800, 1])
    assert Plan(rounded).labels_for("accuracy", 1e-9).code == "out_of_reach"


def test_an_empty_draw_has_no_rates():
    assert rates_of([], answered=[]).tolist() == []


@quick_and_many(300)
def test_bins_and_floor_shares_are_sound_or_refused(examples):
    def claim(one, rate):
        judged(lambda: LOGIT_BINS.place(one), "score")
        judged(lambda: LOGIT_BINS.centers_of(one), "bins")
        judged(lambda: floor_share(rate), "expected")

    holds(claim, VECTORS, NUMBERS, examples=examples)


@quick_and_many(300)
def test_the_recommended_draw_has_the_expected_size(examples):
    def claim(*, beta2, variance, n, expected, delta, weight):
        named = ("beta2", "variance", "n", "expected", "delta", "weights")
        known = {"expected": expected, "delta": delta, "weights": {"one": weight}, "n": n}
        draw = judged(lambda: recommend({"one": beta2, "two": variance}, variance, **known), *named)
        if draw is not None:
            assert ((draw.probability >= 0) & (draw.probability <= 1)).all()
            total = len(variance) if n is None else sum(n)
            assert draw.expected == pytest.approx(min(expected, total), rel=1e-9)

    sizes = st.lists(st.sampled_from([0.0, 1.0, 1e-300, 1e-12, 0.25, 7.0, 1e12]), min_size=3, max_size=3)
    holds(
        claim,
        beta2=sizes | sizes | VECTORS,
        variance=sizes | sizes | VECTORS,
        n=st.none() | sizes,
        expected=st.floats(0.1, 3) | st.sampled_from([1.0, 2.5, 1e-9, 1e30, 0.0, NAN]),
        delta=st.sampled_from([None, 0.3, 1.0, 1e-12, 0.0, 1.5, NAN]),
        weight=st.just(1.0) | NUMBERS,
        examples=examples,
    )


@quick_and_many(300)
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


@quick_and_many(150)
def test_plans_and_checks_of_any_window_are_sound_or_refused(examples):
    named = (*ARGUMENTS, "expected", "metrics", "half_width", "probability", "population")

    def claim(window, target, expected, metric):
        judged(lambda: check_draw(window.single, predicted=window.sample.predicted, bin=window.sample.bin), *named)
        plan = attempted(lambda: Plan(window.population, matrix=MONEY), *named)
        if plan is None:
            return
        judged(lambda: [plan.half_width(each) for each in PLANNED], *named)
        judged(lambda: plan.labels_for(metric, target), *named)
        judged(lambda: plan.labels_for_best(metric, target), *named)
        best = judged(lambda: plan.recommended([metric, "accuracy"], expected=expected), *named)
        if best is not None:
            judged(lambda: plan.with_probability(best.probability).half_width(metric), *named)

    targets = st.sampled_from([0.05, 1e-9, 1e9, 0.0, NAN])
    sizes = st.sampled_from([5.0, 1.0, 1e-9, 1e12, 0.0, INF])
    holds(claim, windows(), targets, sizes, st.sampled_from(PLANNED), examples=examples)
