"""The priorities of a recommended policy: by class, score and, where it is fitted for money, amount."""

from types import SimpleNamespace

import numpy as np
import pytest

from apps.sampling.services.columns import Table
from apps.sampling.services.priorities import Priorities

CLASSES = SimpleNamespace(is_regression=False)
NUMBERS = SimpleNamespace(is_regression=True)
DOCUMENT = {"edges": [0.5], "weights": [[0.5, 2.0, 1.5], [4.0, 1.0, 1.5]], "bins": 3}
MONEY = DOCUMENT | {"by_amount": [[0.0, 0.5, 0.0], [0.0, 0.0, 0.0]], "floor": 0.4}


def rows_of(**columns):
    return Table(len(columns["predicted_index"]), columns.__getitem__)


def test_a_priority_is_that_of_the_class_and_the_bin():
    rows = rows_of(predicted_index=[0, 0, 1, 1, 2], score=[0.4, 0.5, 0.2, np.nan, 0.2])
    assert Priorities.from_document(DOCUMENT).of(rows, model=CLASSES).tolist() == [0.5, 2.0, 4.0, 1.5, 1.0]


def test_a_number_is_placed_by_the_prediction():
    rows = rows_of(predicted_index=[0.4, 0.6])
    alone = {"edges": [0.5], "weights": [[0.5, 2.0, 1.0]], "bins": 1}
    assert Priorities.from_document(alone).of(rows, model=NUMBERS).tolist() == [0.5, 2.0]


def test_an_amount_adds_to_what_is_above_the_floor():
    """0.4 + √(1.6² + (0.5·amount)²); a missing amount is 1."""
    rows = rows_of(predicted_index=[0, 0, 0, 1], score=[0.9, 0.9, 0.9, 0.9], amount=[0, -2.4, np.nan, 9])
    found = Priorities.from_document(MONEY).of(rows, model=CLASSES)
    assert found == pytest.approx([2.0, 0.4 + 2.0, 0.4 + np.hypot(1.6, 0.5), 1.0])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [({"weights": [[1.0, 1.0]]}, "1 edges need rows of 3"), ({"by_amount": [[0.0]]}, "needs the shape of the weights")],
)
def test_a_table_of_another_size_is_refused(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        Priorities.from_document(MONEY | change)
