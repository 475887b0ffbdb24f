import numpy as np
import pytest

from apps.stats.drift.bins import CategoryBins, NumberBins, number_bins
from apps.stats.drift.conditions import Feature, as_codes, conditions_of, rows_of

COUNTRY = Feature("country", CategoryBins(("de", "fr")))
AMOUNT = Feature("amount", NumberBins((5.0, 10.0), (2.0, 7.0, 12.0), 3.0))


def test_every_split_is_readable():
    assert [str(one) for one in conditions_of([COUNTRY, AMOUNT])] == [
        "country = de",
        "country = fr",
        "country is other",
        "country is missing",
        "amount ≤ 5",
        "amount > 5",
        "amount ≤ 10",
        "amount > 10",
        "amount is missing",
    ]


def test_a_split_takes_the_rows_it_describes():
    """The oracle applies each split of amount to the values themselves."""
    values = [3.0, 5.0, 7.0, 10.0, 11.0, float("nan")]
    codes = np.column_stack([np.zeros(6, dtype=int), AMOUNT.bins.place(values)])
    expected = {
        "amount ≤ 5": [1, 1, 0, 0, 0, 0],
        "amount > 5": [0, 0, 1, 1, 1, 0],
        "amount ≤ 10": [1, 1, 1, 1, 0, 0],
        "amount > 10": [0, 0, 0, 0, 1, 0],
        "amount is missing": [0, 0, 0, 0, 0, 1],
    }
    for one in conditions_of([COUNTRY, AMOUNT])[4:]:
        assert rows_of([one], codes).tolist() == expected[str(one)], one


def test_the_bin_of_a_single_value_is_shown_as_that_value():
    """Zero inflation has an edge just below zero: "less than zero" and "zero and more"."""
    bins = number_bins([0.0] * 60 + list(range(1, 41)))
    texts = [str(one) for one in conditions_of([Feature("debt", bins)])]
    assert texts[:4] == ["debt < 0", "debt ≥ 0", "debt ≤ 0", "debt > 0"]


def test_without_conditions_every_row_is_taken():
    assert rows_of([], [[0], [1]]).all()


@pytest.mark.parametrize(
    ("codes", "complaint"),
    [
        ([[0, 0, 0]], "shape"),
        ([0, 0], "shape"),
        ([[0, 4]], "codes of amount must be below 4"),
        ([[4, 0]], "codes of country must be below 4"),
        ([[-1, 0]], "codes must not be below 0"),
        ([[0.5, 0]], "whole numbers"),
        ([[float("nan"), 0]], "codes holds nan"),
    ],
)
def test_codes_without_a_bin_are_named(codes, complaint):
    with pytest.raises(ValueError, match=complaint):
        as_codes(codes, [COUNTRY, AMOUNT], length=1)


def test_rows_need_a_column_for_each_condition():
    with pytest.raises(ValueError, match="column for each condition"):
        rows_of(conditions_of([COUNTRY, AMOUNT]), [[0]])
