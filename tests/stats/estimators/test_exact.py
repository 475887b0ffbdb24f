import itertools

import numpy as np
import pytest

from apps.stats.estimators.confusion import Confusion, evaluate, undefined
from apps.stats.estimators.exact import METRICS, exact_figure, uncorrected_figure, worst_case_bounds


def test_no_rows_give_no_value():
    assert {exact_figure(metric, predicted=[], truth=[]).code for metric in METRICS} == {"no_labels"}


@pytest.mark.parametrize(("truth", "code"), [([1, 1], "no_negatives"), ([0, 0], "no_positives")])
def test_auc_of_one_class_has_a_code(truth, code):
    assert exact_figure("auc", predicted=[1, 0], truth=truth, score=[0.8, 0.3]).code == code


def test_the_uncorrected_interval_counts_the_rows_the_metric_divides_by():
    figure = uncorrected_figure("precision", predicted=[1, 1, 0, 0], truth=[1, 0, 0, 0])
    assert figure.n == 2
    assert figure.value == 0.5


def test_the_uncorrected_figure_ignores_weights():
    rows = {"predicted": [1, 1, 0, 0], "truth": [1, 0, 0, 0], "score": [0.9, 0.8, 0.3, 0.1]}
    assert uncorrected_figure("accuracy", **rows).value == 0.75
    assert uncorrected_figure("accuracy", **rows).method == "uncorrected"
    assert uncorrected_figure("auc", **rows).low is None


@pytest.mark.parametrize("metric", ["accuracy", "precision", "recall", "specificity", "f1"])
def test_worst_case_bounds_contain_every_way_to_fill_in(metric):
    """First principles: enumerate every split of 3 and 2 unanswered items."""
    answered = Confusion(6, 3, 4, 8)
    filled = []
    for a, b in itertools.product(range(4), range(3)):
        table = Confusion(6 + a, 3 + 3 - a, 4 + b, 8 + 2 - b)
        filled.append(evaluate(metric, table))
    everyone = Confusion(6 * 12 / 9, 3 * 12 / 9, 4 * 14 / 12, 8 * 14 / 12)
    bounds = worst_case_bounds(metric, everyone, answered_positive=9 / 12, answered_negative=12 / 14)
    assert bounds == pytest.approx((min(filled), max(filled)))
    assert undefined(metric, answered) is None


def test_full_response_leaves_no_gap_between_the_bounds():
    low, high = worst_case_bounds("recall", Confusion(6, 3, 4, 8), answered_positive=1, answered_negative=1)
    assert low == high == 0.6


def test_an_unknown_metric_is_an_error():
    with pytest.raises(ValueError, match="unknown metric"):
        exact_figure("acuracy", predicted=[1], truth=[1])
    with pytest.raises(ValueError, match="worst-case"):
        worst_case_bounds("mcc", Confusion(1, 1, 1, 1), answered_positive=1, answered_negative=1)


def test_a_missing_score_gives_a_code():
    assert exact_figure("brier", predicted=[1, 0], truth=[1, 0], score=[0.9, np.nan]).code == "no_score"
