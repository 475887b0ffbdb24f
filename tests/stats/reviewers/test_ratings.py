import numpy as np
import pytest

from apps.stats.reviewers.ratings import tabulate_ratings

nan = np.nan


def test_equal_items_share_a_row_and_unrated_items_have_none():
    table = tabulate_ratings([[2, 5, nan], [nan, 5, 2], [nan, nan, nan], [5, nan, nan]])
    assert table.values.tolist() == [2.0, 5.0]
    assert table.counts.tolist() == [[0.0, 1.0], [1.0, 1.0]]
    assert (table.items.tolist(), table.n) == ([1.0, 2.0], 3)


def test_items_drawn_with_different_probabilities_have_different_rows():
    table = tabulate_ratings([[1, 1], [1, 1]], pi=[0.5, 0.25])
    assert table.items.tolist() == [1.0, 1.0]
    assert table.weight.tolist() == [1.0, 0.5]


def test_only_items_with_two_ratings_can_agree():
    paired = tabulate_ratings([[1, 1], [3, nan], [2, 1]]).paired()
    assert paired.values.tolist() == [1.0, 2.0]
    assert paired.n == 2


@pytest.mark.parametrize(
    ("ratings", "pi", "complaint"),
    [
        ([1, 2], None, "two dimensions"),
        ([[1, np.inf]], None, "infinite"),
        ([[1, 2]], [0.0], r"pi must be in \(0, 1\]"),
        ([[1, 2]], [0.5, 0.5], "pi must have length 1"),
    ],
)
def test_bad_input_is_named(ratings, pi, complaint):
    with pytest.raises(ValueError, match=complaint):
        tabulate_ratings(ratings, pi=pi)
