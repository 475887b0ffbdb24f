import numpy as np
import pytest

from apps.stats.design.response import merge_sparse_days, response_rates, settled_probability


def test_rates_are_answered_over_drawn_by_class():
    rates = response_rates([2, 2, 2, 5], [1, 0, 1, 1])
    assert rates.of([5, 2]) == pytest.approx([1.0, 2 / 3])
    assert rates.code is None


def test_a_class_without_an_answer_has_a_code():
    rates = response_rates([0, 1, 1], [1, 0, 0])
    assert rates.code == "no_response"
    assert rates.of([1]).tolist() == [0.0]


def test_a_class_that_was_never_drawn_from_takes_the_overall_rate():
    assert response_rates([0, 1], [1, 0]).of([7]).tolist() == [0.5]


def test_rates_of_an_empty_draw_cannot_be_looked_up():
    with pytest.raises(ValueError, match="nothing was drawn"):
        response_rates([], []).of([0])


def test_busy_days_stand_alone_and_sparse_days_are_merged():
    """Rate 1, blocks of ten answers: 12 on day 1; 4 + 4 + 4 on days 2 to 4; the 3 on day 6 join the block before."""
    days = np.repeat([1, 2, 3, 4, 6], [12, 4, 4, 4, 3])
    blocks = merge_sparse_days(np.zeros(len(days)), days, np.ones(len(days)))
    assert blocks.of([0] * 7, [0, 1, 2, 3, 4, 5, 6]).tolist() == [0, 0, 1, 1, 1, 1, 1]


def test_days_are_merged_within_their_group():
    group = np.repeat([0, 3], 40)
    day = np.tile(np.repeat([1, 2], 20), 2)
    blocks = merge_sparse_days(group, day, np.ones(80))
    assert blocks.of([0, 0, 3, 3], [1, 2, 1, 2]).tolist() == [0, 1, 2, 3]
    assert blocks.of([1], [1]).tolist() == [4], "no such group: an index without a class"


def test_merging_does_not_hide_a_day_without_answers():
    """Day 2 had 40 draws and no answer: it stays a block of its own, with its code."""
    day, answered = np.repeat([1, 2], 40), np.repeat([1, 0], 40)
    blocks = merge_sparse_days(np.zeros(80), day, answered)
    assert response_rates(blocks.of(np.zeros(80), day), answered).code == "no_response"


def test_a_group_without_any_answer_is_one_block():
    blocks = merge_sparse_days([0, 0, 0], [1, 2, 3], [0, 0, 0])
    assert blocks.first_day.tolist() == [1]


def test_open_adjudication_lowers_q_by_class():
    q = settled_probability(
        [0.2, 0.2, 1, 1, np.nan], chosen=[1, 0, 1, 1, 0], settled=[1, 0, 1, 0, 0], strata=[0, 0, 1, 1, 2]
    )
    assert q[:4].tolist() == [0.2, 0.2, 0.5, 0.5]
    assert np.isnan(q[4])


def test_an_item_that_was_not_chosen_cannot_be_settled():
    with pytest.raises(ValueError, match="settled"):
        settled_probability([0.5], chosen=[0], settled=[1], strata=[0])
