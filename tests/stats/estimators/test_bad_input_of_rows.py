"""Bad input for the functions of plain rows gives an error that names the argument, sound numbers, or a code."""

import numpy as np
import pytest
from hypothesis import strategies as st

from apps.stats.estimators.calibration import expected_calibration_error
from apps.stats.estimators.confusion import FORMULAS, Confusion, confusion_of, evaluate, gradient, undefined
from apps.stats.estimators.exact import METRICS, exact_figure, uncorrected_figure, worst_case_bounds
from apps.stats.estimators.expected_loss import fit_expected_loss
from apps.stats.estimators.hajek import hajek_mean
from apps.stats.estimators.number_losses import METRICS as OF_NUMBERS
from apps.stats.estimators.number_losses import uncorrected_error
from apps.stats.estimators.population import Population
from apps.stats.estimators.ranking import average_precision, roc_auc
from apps.stats.estimators.recalibration import Recalibration, recalibrate
from apps.stats.estimators.scoring import brier_score, log_loss
from apps.stats.estimators.value import ValueMatrix, accuracy_point
from tests.stats.broken import NUMBERS, VECTORS
from tests.stats.soundness import INF, NAN, attempted, holds, judged, quick_and_many

MONEY = ValueMatrix.of([[1, -1], [0, 2]], uses_amount=True)
PAIRS = st.lists(st.sampled_from([0, 1]), min_size=3, max_size=3)
SHARES = st.lists(st.floats(0, 1), min_size=3, max_size=3)
CHANCES = st.lists(st.sampled_from([1.0, 0.5, 1e-12]), min_size=3, max_size=3)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: hajek_mean([1.0], [1e-300]), "pi must not be below 1.1e-16"),
        (lambda: hajek_mean([1.0, 0.0], [0.5]), "values must have length 1, got 2"),
        (lambda: hajek_mean([1e31], [0.5]), "values holds values beyond"),
        (lambda: hajek_mean([2.0], [0.5], is_bounded=True), r"values must be in \[0, 1\]"),
        (lambda: hajek_mean([1.0], [0.5], size=0), "size must be a number of predictions"),
        (lambda: hajek_mean([1.0], [0.5], odds_total=NAN), "odds_total must be a number of predictions"),
        (lambda: hajek_mean([1.0], [0.5], level=1), "level must be in"),
        (lambda: confusion_of([0, 1], [0]), "lengths differ: {'predicted': 2, 'truth': 1}"),
        (lambda: confusion_of([0, 2], [0, 1]), "predicted must be 0 or 1"),
        (lambda: Confusion(NAN, 1, 1, 1), "tp, fp, fn and tn holds nan"),
        (lambda: Confusion(1e300, 1, 1, 1), "tp, fp, fn and tn holds values beyond"),
        (lambda: exact_figure("nonsense", predicted=[1], truth=[1]), "unknown metric 'nonsense'"),
        (lambda: exact_figure("auc", predicted=[1], truth=[NAN], score=[1]), "truth holds nan"),
        (lambda: exact_figure("brier", predicted=[1], truth=[1], score=[1.5]), r"score must be in \[0, 1\]"),
        (lambda: exact_figure("brier", predicted=[1], truth=[1], score=[1, 1]), "score must have length 1"),
        (lambda: roc_auc([NAN], [1]), "score holds nan"),
        (lambda: average_precision([[1]], [1]), "score must have one dimension"),
        (lambda: log_loss([2.0], [1]), r"score must be in \[0, 1\]"),
        (lambda: expected_calibration_error([0.5], [1], groups=0), "groups must be 1 to 200, got 0"),
        (lambda: expected_calibration_error([0.5], [1], groups=NAN), "groups must be 1 to 200"),
        (lambda: worst_case_bounds("mcc", Confusion(1, 1, 1, 1), answered_positive=1, answered_negative=1), "'mcc'"),
        (
            lambda: worst_case_bounds("f1", Confusion(1, 1, 1, 1), answered_positive=NAN, answered_negative=1),
            "answered",
        ),
        (lambda: ValueMatrix.of([[1, 2]]), "matrix must be square"),
        (lambda: ValueMatrix.of([[1, 2], [3]]), "matrix must hold numbers only"),
        (lambda: ValueMatrix.of([[1, 2], [3, INF]]), "matrix holds nan or infinite"),
        (lambda: ValueMatrix.of([[1, 2], [3, 1e31]]), "matrix holds values beyond"),
        (lambda: MONEY.of_rows([0], [0]), "amount is needed"),
        (lambda: MONEY.of_rows([0], [0], [NAN]), "amount holds nan"),
        (lambda: MONEY.of_rows([0], [0, 1], [1.0]), "lengths differ: {'predicted': 1, 'truth': 2}"),
        (lambda: MONEY.of_rows([2], [0], [1.0]), "predicted holds a class that the matrix lacks"),
        (lambda: accuracy_point(MONEY, np.eye(2), size=9), "mean_amount is needed"),
        (lambda: accuracy_point(ValueMatrix.of(np.eye(2)), [[NAN, 0], [0, 1]], size=9), "shares and size holds nan"),
        (lambda: accuracy_point(ValueMatrix.of(np.eye(2)), np.eye(2), size=INF), "shares and size holds nan or inf"),
        (
            lambda: accuracy_point(ValueMatrix.of(np.eye(2)), np.eye(3), size=9),
            "shares and mean_amount must have shape",
        ),
        (lambda: fit_expected_loss([3], [NAN], [0.5]), "loss holds nan"),
        (lambda: uncorrected_error("mae", predicted=[1], truth=[]), "predicted must have length 0, got 1"),
    ],
)
def test_an_error_names_the_impossible_argument(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()


@pytest.mark.parametrize(
    ("figure", "code"),
    [
        (hajek_mean([], []), "no_labels"),
        (exact_figure("accuracy", predicted=[], truth=[]), "no_labels"),
        (exact_figure("precision", predicted=[0], truth=[1]), "no_predicted_positives"),
        (exact_figure("recall", predicted=[1], truth=[0]), "no_positives"),
        (exact_figure("specificity", predicted=[1], truth=[1]), "no_negatives"),
        (exact_figure("mcc", predicted=[1, 1], truth=[0, 1]), "no_predicted_negatives"),
        (exact_figure("auc", predicted=[1], truth=[1], score=[0.5]), "no_negatives"),
        (exact_figure("average_precision", predicted=[1], truth=[0], score=[0.5]), "no_positives"),
        (exact_figure("brier", predicted=[1], truth=[0], score=[NAN]), "no_score"),
        (uncorrected_error("mae", predicted=[], truth=[]), "no_labels"),
        (uncorrected_error("r2", predicted=[1, 2], truth=[3, 3]), "no_variation"),
        (accuracy_point(ValueMatrix.of(np.eye(2)), np.eye(2), size=9), "no_errors"),
        (accuracy_point(MONEY, np.ones((2, 2)), size=9, mean_amount=np.full((2, 2), NAN)), "no_amount"),
    ],
)
def test_a_figure_without_a_value_has_a_code(figure, code):
    assert (figure.value, figure.code) == (None, code)


def test_the_rarest_possible_draw_has_a_mean():
    """By hand: its weight is 2⁵³ against 1, so the mean is its value to one part in 2⁵³."""
    assert hajek_mean([3.0, 1.0], [2.0**-53, 1.0]).value == pytest.approx(3.0)


def test_bounds_without_any_answer_span_zero_to_one():
    table = Confusion(tp=4, fp=1, fn=1, tn=4)
    assert worst_case_bounds("recall", table, answered_positive=0.0, answered_negative=0.0) == (0.0, 1.0)


@quick_and_many(80, times=12)
def test_means_are_sound_or_an_error(examples):
    def claim(values, pi, odds, size, is_bounded):
        known = {"odds_total": odds, "size": size}
        judged(lambda: hajek_mean(values, pi, is_bounded=is_bounded, **known), "values", "pi", *known)

    totals = st.none() | st.floats(1, 1e6) | NUMBERS
    holds(claim, VECTORS | SHARES, VECTORS | CHANCES, totals, totals, st.booleans(), examples=examples)


@quick_and_many(80, times=12)
def test_figures_of_rows_are_sound_or_an_error(examples):
    def claim(predicted, truth, score, groups):
        rows, of_score = {"predicted": predicted, "truth": truth}, {"score": score, "truth": truth}
        for figure in (exact_figure, uncorrected_figure):
            judged(lambda: [figure(metric, **rows) for metric in FORMULAS], *rows)  # noqa: B023  # (called at once)
            for metric in METRICS:
                judged(lambda: figure(metric, **rows, score=score), *rows, "score")  # noqa: B023  # (called at once)
        judged(lambda: roc_auc(**of_score), *of_score)
        judged(lambda: average_precision(**of_score), *of_score)
        judged(lambda: brier_score(**of_score), *of_score)
        judged(lambda: log_loss(**of_score), *of_score)
        judged(lambda: expected_calibration_error(**of_score, groups=groups), "groups", *of_score)

    groups = st.sampled_from([10, 1, 200, 0, 10**9, NAN, 2.5])
    holds(claim, PAIRS | VECTORS, PAIRS | VECTORS, SHARES | VECTORS, groups, examples=examples)


@quick_and_many(80, times=12)
def test_tables_are_sound_or_an_error(examples):
    def claim(corners, rates):
        table = attempted(lambda: Confusion(*corners), "tp", "fp", "fn", "tn")
        if table is None:
            return
        defined = [metric for metric in FORMULAS if undefined(metric, table) is None]
        if min(corners) >= 0:
            judged(lambda: [(evaluate(metric, table), gradient(metric, table)) for metric in defined])
        known = dict(zip(("answered_positive", "answered_negative"), rates, strict=True))
        judged(lambda: [worst_case_bounds(metric, table, **known) for metric in ("accuracy", "recall", "f1")], *known)

    corners = st.lists(st.integers(0, 9).map(float) | NUMBERS, min_size=4, max_size=4)
    holds(claim, corners, st.tuples(st.floats(0, 1), st.floats(0, 1) | NUMBERS), examples=examples)


@quick_and_many(80, times=12)
def test_value_is_sound_or_an_error(examples):
    def claim(entries, shares, size, amounts):
        matrix = attempted(lambda: ValueMatrix.of(np.reshape(entries, (2, 2)), uses_amount=True), "matrix")
        if matrix is None:
            return
        known = {"size": size, "mean_amount": np.reshape(amounts, (2, 2))}
        judged(lambda: accuracy_point(matrix, np.reshape(shares, (2, 2)), **known), "shares", *known)
        judged(lambda: matrix.of_rows([0, 1], [1, 0], amounts[:2]), "amount")

    four = st.lists(NUMBERS | st.floats(0, 1), min_size=4, max_size=4)
    sound = st.lists(st.floats(0, 1), min_size=4, max_size=4)
    holds(claim, sound | four, sound | four, st.just(1000.0) | NUMBERS, sound | four, examples=examples)


@quick_and_many(80, times=12)
def test_fits_are_sound_or_an_error(examples):
    def claim(one, two, three, intercept):
        fitted = judged(lambda: recalibrate(one, two, three), "logit", "truth", "pi")
        if fitted is not None:
            judged(lambda: fitted.predict([-9.9, 0.0, 9.9]))
        given = judged(lambda: Recalibration(intercept, intercept), "intercept", "slope")
        if given is not None:
            judged(lambda: given.predict([-9.9, 0.0, 9.9]))
        judged(lambda: fit_expected_loss(one, two, three), "bins", "loss", "pi")
        judged(
            lambda: [uncorrected_error(each, predicted=two, truth=three) for each in OF_NUMBERS], "predicted", "truth"
        )

    bins = st.lists(st.integers(0, 199), min_size=3, max_size=3)
    holds(claim, bins | VECTORS, SHARES | VECTORS, CHANCES | VECTORS, NUMBERS, examples=examples)


@quick_and_many(80, times=12)
def test_cells_are_sound_or_an_error(examples):
    def claim(n, sums, rate):
        known = {"n": n, "sum_pi": sums, "sum_odds": sums, "sum_amount": n, "sum_amount2_odds": n, "n_uncovered": sums}
        known |= {"predicted": [0, 1, 1], "bin": [9, 9, 99]}
        cells = judged(lambda: Population.of(**known), *known)
        if cells is not None:
            judged(lambda: (cells.with_response(rate), cells.compact(), cells.mean_amount2), "rate")
            judged(lambda: (cells.plus(cells), cells.less(cells), cells.covered_share))

    numbers = st.lists(NUMBERS, min_size=3, max_size=3)
    holds(claim, SHARES.map(lambda n: [each + 1 for each in n]) | numbers, SHARES | numbers, SHARES, examples=examples)
