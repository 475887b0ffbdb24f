import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.stats.reviewers.consensus import dawid_skene

THREE = ([0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2], [0, 0, 1, 1, 1, 1])


def one_step(**settings):
    return dawid_skene(*THREE, classes=2, max_iterations=1, **settings)


def test_one_step_of_em_is_what_a_pencil_gives():
    """By hand: start 2/3 and 0 for class 0, so prior 1/3 and 2/3; raters 0 and 1: P(0|0) = 1, P(0|1) = 1/4;
    rater 2 always says 1. Item 0: 1/3·1·1·1 against 2/3·1/4·1/4·1 = 8 to 1; item 1 is of class 1 for certain."""
    found = one_step(smoothing=0)
    assert found.prior == pytest.approx([1 / 3, 2 / 3])
    assert found.confusion[0] == pytest.approx(np.array([[1, 0], [1 / 4, 3 / 4]]))
    assert found.confusion[2] == pytest.approx(np.array([[0, 1], [0, 1]]))
    assert found.posterior == pytest.approx(np.array([[8 / 9, 1 / 9], [0, 1]]))
    assert found.log_likelihood == pytest.approx(np.log(1 / 3 + 1 / 24) + np.log(2 / 3 * 9 / 16))
    assert (found.iterations, found.has_converged) == (1, False)


def test_smoothing_adds_labels_of_each_kind():
    """By hand: rater 0 has 2/3 of a label of truth 0, all of them 0: (2/3 + 1)/(2/3 + 2)."""
    assert one_step(smoothing=1).confusion[0, 0, 0] == pytest.approx((2 / 3 + 1) / (2 / 3 + 2))


def test_one_coin_counts_right_answers_of_any_class():
    """By hand: of rater 0's two labels 2/3 + 1 are right; rater 2: 1/3 + 1."""
    found = one_step(smoothing=0, one_coin=True)
    assert found.confusion[0] == pytest.approx(np.array([[5, 1], [1, 5]]) / 6)
    assert found.confusion[2, 0, 0] == pytest.approx(2 / 3)


def test_known_truth_stays_and_enters_the_likelihood_as_known():
    """By hand: item 0 is of class 1; then all is of class 1, and rater 0 says 0 to half of it."""
    found = one_step(smoothing=0, gold=[1, -1])
    assert found.posterior[0].tolist() == [0.0, 1.0]
    assert found.confusion[0, 1] == pytest.approx([0.5, 0.5])
    assert found.log_likelihood == pytest.approx(np.log(1 / 2 * 1 / 2) * 2)


def test_the_likelihood_never_falls():
    rng = np.random.default_rng(1)
    answers = (np.repeat(np.arange(40), 4), np.tile(np.arange(4), 40), rng.integers(0, 3, 160))
    likelihoods = [dawid_skene(*answers, classes=3, smoothing=0, max_iterations=k).log_likelihood for k in range(1, 40)]
    assert (np.diff(likelihoods) >= -1e-9).all()


def test_items_without_labels_have_the_prior_and_do_not_shape_it():
    alone = dawid_skene(*THREE, classes=2, max_iterations=3)
    more = dawid_skene(*THREE, classes=2, max_iterations=3, items=5, raters=4)
    assert more.prior == pytest.approx(alone.prior)
    assert more.log_likelihood == pytest.approx(alone.log_likelihood)
    assert more.posterior[2:] == pytest.approx(np.tile(more.prior, (3, 1)))
    assert more.confusion[3] == pytest.approx(np.full((2, 2), 0.5))


@pytest.mark.parametrize(
    ("answers", "gold", "code"),
    [
        (([], [], []), None, "no_labels"),
        (([0, 0, 1], [0, 1, 0], [0, 1, 0]), None, "too_few_labels"),
        (([0, 0, 1], [0, 1, 0], [0, 1, 0]), [-1, 0], None),
    ],
)
def test_without_three_labels_or_known_truth_there_is_a_reason(answers, gold, code):
    found = dawid_skene(*answers, classes=2, gold=gold)
    assert found.code == code
    assert (found.posterior is None) == (code is not None)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"classes": 1}, "classes must be at least 2"),
        ({"items": 1}, "item must be below 1"),
        ({"raters": 2}, "rater must be below 2"),
        ({"label": [0, 0, 2, 1, 1, 1]}, "label must be below 2"),
        ({"label": [0, 0]}, "label must have length 6"),
        ({"rater": [0, 1]}, "rater must have length 6"),
        ({"label": [0, 0, np.nan, 1, 1, 1]}, "label holds nan"),
        ({"gold": [0]}, "gold must have length 2"),
        ({"gold": [2, 0]}, "gold must be below 2"),
        ({"smoothing": -1.0}, "smoothing"),
        ({"smoothing": np.nan}, "smoothing"),
        ({"max_iterations": 0}, "max_iterations"),
        ({"tolerance": 0.0}, "tolerance"),
    ],
)
def test_bad_input_is_named(changes, complaint):
    arguments = dict(zip(("item", "rater", "label"), THREE, strict=True)) | {"classes": 2} | changes
    with pytest.raises(ValueError, match=complaint):
        dawid_skene(**arguments)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 2)), max_size=40),
    st.sampled_from([0.0, 1e-300, 0.5, 1e300]),
    st.booleans(),
    st.lists(st.integers(-1, 2), min_size=5, max_size=5),
)
def test_whatever_is_said_finite_numbers_or_a_code_come_out(answers, smoothing, one_coin, gold):
    item, rater, label = np.array(answers, dtype=int).reshape(-1, 3).T
    found = dawid_skene(item, rater, label, classes=3, items=5, gold=gold, smoothing=smoothing, one_coin=one_coin)
    if found.code is None:
        assert np.isfinite(found.log_likelihood)
        assert found.posterior.sum(axis=1) == pytest.approx(np.ones(5))
        assert found.confusion.sum(axis=2) == pytest.approx(np.ones(found.confusion.shape[:2]))
        assert (found.posterior >= 0).all()
