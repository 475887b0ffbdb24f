import numpy as np
import pytest

from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample

NAN = float("nan")


def test_rows_become_cells_with_their_sums():
    """By hand: two rows of one cell, π .5 and .25, amounts 2 and 4."""
    cells = Population.from_rows(predicted=[1, 1], score=[0.9, 0.9], pi=[0.5, 0.25], baseline=[0, 0], amount=[2, 4])
    assert (cells.n, cells.sum_pi, cells.sum_odds) == ([2.0], [0.75], [4.0])
    assert (cells.sum_amount, cells.sum_amount2_odds) == ([6.0], [52.0])
    assert cells.sum_score == pytest.approx([1.8])
    assert cells.sum_score2 == pytest.approx([1.62])


def test_predictions_outside_the_draw_are_counted():
    cells = Population.from_rows(predicted=[1, 1], score=[0.9, 0.9], pi=[0.0, 0.25])
    assert (cells.n_uncovered, cells.sum_odds) == ([1.0], [3.0])
    assert cells.covered_share == 0.5


def test_each_class_baseline_and_bin_has_its_own_cell():
    cells = Population.from_rows(
        predicted=[0, 1, 1, 1], score=[0.2, 0.2, 0.2, NAN], pi=[1] * 4, baseline=[-1, -1, 1, 1]
    )
    assert len(cells.n) == 4
    assert sorted(cells.bin) == [-1, 86, 86, 86]


def test_a_response_rate_is_exact_for_counts_and_marks_classes_without_an_answer():
    cells = Population.from_rows(predicted=[0, 1], score=[0.2, 0.8], pi=[0.5, 0.5], amount=[3, 3])
    adjusted = cells.with_response([0.5, 0.0])
    assert adjusted.sum_odds.tolist() == [3.0, 0.0]  # (1 − .25)/.25
    assert adjusted.sum_amount2_odds.tolist() == [27.0, 0.0]
    assert adjusted.n_unanswered.tolist() == [0.0, 1.0]
    assert adjusted.sum_pi.tolist() == [0.25, 0.0]


def test_a_mask_must_be_boolean():
    cells = Population.from_rows(predicted=[0, 1], score=[0.2, 0.8], pi=[0.5, 0.5])
    with pytest.raises(ValueError, match="boolean mask"):
        cells.where(np.array([0, 1]))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"n": [-1]}, "n must not be negative"),
        ({"n": [NAN]}, "n holds nan"),
        ({"bin": [200]}, "bin must be below"),
        ({"bin": [1, 2]}, "bin must have length 1"),
        ({"predicted": [0.5]}, "whole numbers"),
        ({"n_uncovered": [20]}, "n_uncovered"),
        ({"baseline": [-2]}, "baseline"),
    ],
)
def test_an_error_names_the_bad_argument_of_a_cell(change, complaint):
    valid = {"predicted": [1], "bin": [3], "n": [10], "sum_pi": [1], "sum_odds": [90]}
    with pytest.raises(ValueError, match=complaint):
        Population.of(**(valid | change))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"pi": [0.0]}, "pi must be in"),
        ({"pi": [NAN]}, "pi holds nan"),
        ({"score": [1.5]}, "score must be in"),
        ({"label": [NAN]}, "label holds nan"),
        ({"adjudicated": [1]}, "q must be positive"),
        ({"adjudicated": [1], "q": [0.5], "truth": [NAN]}, "truth is missing"),
        ({"adjudicated": [0], "q": [1.0]}, "q is 1"),
        ({"adjudicated": [0.5], "q": [0.5]}, "adjudicated must be"),
        ({"q": [1.5]}, "q must be in"),
    ],
)
def test_an_error_names_the_bad_argument_of_an_item(change, complaint):
    valid = {"predicted": [1], "score": [0.9], "pi": [0.5], "label": [1]}
    with pytest.raises(ValueError, match=complaint):
        Sample.of(**(valid | change))


def test_truth_is_the_adjudicated_one_only_where_there_is_an_adjudication():
    items = Sample.of(
        predicted=[1, 1], score=[0.9, 0.9], pi=[1, 1], label=[1, 1], adjudicated=[1, 0], q=[0.5, 0.5], truth=[0, NAN]
    )
    assert items.truth.tolist() == [0.0, 1.0]
    assert not items.certain.any()


def test_a_sample_without_a_second_phase_has_no_open_adjudication():
    valid = {"predicted": [1], "score": [0.9], "pi": [0.5], "label": [1]}
    assert not Sample.of(**valid).is_adjudication_open
    assert Sample.of(**valid, q=[0.0]).is_adjudication_open


def test_added_cells_can_be_taken_away():
    cells = Population.from_rows(predicted=[0, 1, 1], score=[0.2, 0.9, 0.9], pi=[0.5, 0.5, 0.5], amount=[1, 2, 3])
    part = Population.from_rows(predicted=[0, 1], score=[0.2, 0.9], pi=[0.5, 0.5], amount=[1, 2])
    rest = cells.less(part)
    assert (rest.n.tolist(), rest.sum_amount.tolist(), rest.predicted.tolist()) == ([1.0], [3.0], [1])
    assert rest.plus(part).sum_amount.tolist() == cells.sum_amount.tolist()


def test_each_stand_in_has_its_own_cell():
    cells = Population.from_rows(predicted=[1, 1, 1], score=[0.9] * 3, pi=[0.5] * 3, stand_in=[-1, 0, 1])
    item = {"predicted": [1], "score": [0.9], "pi": [0.5], "label": [1]}
    assert cells.stand_in.tolist() == [-1, 0, 1]
    assert cells.holds(Sample.of(**item, stand_in=[1]))
    assert not cells.where(cells.stand_in < 1).holds(Sample.of(**item, stand_in=[1]))


def test_taking_away_other_cells_is_an_error():
    cells = Population.from_rows(predicted=[0], score=[0.2], pi=[0.5])
    with pytest.raises(ValueError, match="part has predictions"):
        cells.less(Population.from_rows(predicted=[1], score=[0.2], pi=[0.5]))


@pytest.mark.parametrize("stand_in", [[-2], [1 << 10], [0.5], [0, 0]])
def test_a_stand_in_outside_the_classes_is_an_error(stand_in):
    with pytest.raises(ValueError, match="stand_in"):
        Population.from_rows(predicted=[0], score=[0.2], pi=[0.5], stand_in=stand_in)
