"""Where the worked example takes its decisions from: a value report, a performance report, or round numbers."""

from typing import Any

import pytest

from apps.reports.engine.document import Document
from apps.reports.pages.worth.basis import basis_of
from tests.factories import make_model
from tests.reports.documents import document, figure
from tests.reports.stored import make_report, report_model

pytestmark = pytest.mark.django_db

KINDS = ["oak", "pine", "ash"]
RENT = {"task": "regression", "classes": [], "positive_class": "", "class_labels": {}, "prediction_range": [0, 5000]}


def performance(**figures: float) -> Document:
    made = document("performance")
    made["headline"]["figures"] = {name: figure(value) for name, value in figures.items()}
    made.pop("pictures", None)
    return made


def flat(table: list[list[float]]) -> list[float]:
    return [share for row in table for share in row]


def picture(rows: list[tuple[str, int, list[float]]]) -> dict[str, Any]:
    return {
        "groups": [[name] for name, _, _ in rows],
        "rows": [{"n": n, "shares": [figure(share) for share in shares]} for _, n, shares in rows],
        "found": [],
    }


def test_without_a_report_nine_of_ten_answers_are_right():
    basis = basis_of(make_model(task="multiclass", classes=KINDS, class_labels={}, positive_class=""))
    assert basis.period == ""
    assert sum(basis.table[at][at] for at in range(3)) == pytest.approx(0.9)
    assert sum(flat(basis.table)) == pytest.approx(1.0)
    assert basis_of(make_model(**RENT)).table == [[0.5, 0.5]]


def test_rates_of_two_classes_give_the_table_back():
    """Of 100: 40 hits, 10 false alarms, 5 missed, 45 rightly left. Accuracy .85, precision .8, recall 40/45."""
    model = report_model()
    make_report(model, "performance", document=performance(accuracy=0.85, precision=0.8, recall=40 / 45))
    assert flat(basis_of(model).table) == pytest.approx([0.45, 0.05, 0.10, 0.40])


def test_rates_that_fit_no_table_are_left_alone():
    model = report_model()
    make_report(model, "performance", document=performance(accuracy=1.0, precision=1.0, recall=1.0))
    assert basis_of(model).period == ""


def test_error_and_bias_give_the_units_too_high_and_too_low():
    """2 too high on average and 1 too low: 3 off, and 1 too high together."""
    model = make_model(**RENT)
    make_report(model, "performance", document=performance(mae=3.0, bias=1.0))
    assert flat(basis_of(model).table) == pytest.approx([2.0, 1.0])


def test_the_table_of_classes_is_read_in_the_order_of_the_model():
    model = make_model(task="multiclass", classes=KINDS, class_labels={}, positive_class="")
    made = performance(accuracy=0.8)
    rows = [("pine", 60, [0.9, 0.1, 0.0]), ("oak", 20, [0.0, 1.0, 0.0]), ("ash", 20, [0.5, 0.0, 0.5])]
    made["pictures"] = {"matrix": picture(rows)}
    make_report(model, "performance", document=made)
    assert flat(basis_of(model).table) == pytest.approx([0.2, 0.0, 0.0, 0.06, 0.54, 0.0, 0.0, 0.1, 0.1])


def test_a_value_report_comes_first_and_knows_amounts():
    model = report_model()
    make_report(model, "performance", document=performance(accuracy=0.85, precision=0.8, recall=40 / 45))
    made = document("value")
    shares = [[0.4, 0.1], [0.05, 0.45]]
    # In the order of the report: the other class first.
    decisions = {"traffic": 100.0, "classes": ["yes", "no"], "table": shares, "by_amount": None}
    made["value"]["decisions"] = decisions
    report = make_report(model, document=made)
    basis = basis_of(model)
    assert (basis.report, basis.traffic) == (report, 100.0)
    assert basis.table == [[0.45, 0.05], [0.1, 0.4]]
