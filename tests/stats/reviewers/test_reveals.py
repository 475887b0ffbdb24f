"""What the reveal changed: counted by hand in small worlds, and covered by its ranges in simulated ones."""

import numpy as np
import pytest

from apps.stats.intervals import wilson_interval
from apps.stats.reviewers.reveals import LEAST_CHANGED, reveal_effect
from apps.stats.tolerance import Tolerance

# Class 2 is an answer that is wrong whatever the model says. Six changed: three to the truth, two from it, one between.
FIRST = [0, 0, 0, 1, 1, 2, 1, 1, 0, 0]
FINAL = [1, 1, 1, 0, 0, 0, 1, 1, 0, 0]
TRUTH = [1, 1, 1, 1, 1, 1, 1, 1, 1, 0]
MODEL = [1, 1, 1, 0, 0, 0, 0, 1, 1, 0]


def test_changes_are_counted_by_where_they_lead():
    effect = reveal_effect(FIRST, FINAL, TRUTH, MODEL, case=range(10))
    assert (effect.answers, effect.cases, effect.n_changed) == (10, 10, 6)
    assert (effect.n_toward, effect.n_away, effect.n_elsewhere) == (3, 2, 1)
    assert (effect.toward.value, effect.away.value, effect.elsewhere.value) == (0.3, 0.2, 0.1)
    assert effect.net.value == pytest.approx(0.1)
    # The model was wrong and the first answer right in the 4th, 5th and 7th, and followed in the first two of these.
    assert (effect.followed.value, effect.followed.n) == (pytest.approx(2 / 3), 3)
    # The model was right and the first answer wrong in the 1st to 3rd and the 9th, and helped in the first three.
    assert (effect.helped.value, effect.helped.n) == (0.75, 4)


def test_where_each_answer_is_a_case_of_its_own_the_range_of_a_share_is_wilsons():
    effect = reveal_effect(FIRST, FINAL, TRUTH, MODEL, case=range(10))
    assert (effect.toward.low, effect.toward.high) == wilson_interval(3, 10)
    assert effect.toward.method == "wilson"


def test_answers_weigh_as_many_cases_as_they_stand_for():
    pi = [0.5, 0.5, 0.5, 0.25, 0.25, 1, 1, 1, 1, 1]
    effect = reveal_effect(FIRST, FINAL, TRUTH, MODEL, case=range(10), pi=pi)
    # Weights 2, 2, 2, 4, 4 and five times 1: 19 in all.
    assert effect.toward.value == pytest.approx(6 / 19)
    assert effect.away.value == pytest.approx(8 / 19)
    assert effect.net.value == pytest.approx(-2 / 19)
    assert effect.followed.value == pytest.approx(8 / 9)


def test_two_answers_to_each_case_that_change_together_say_no_more_than_one():
    alone = reveal_effect(FIRST, FINAL, TRUTH, MODEL, case=range(10), pi=[1] * 10)
    twice = reveal_effect(*([*each, *each] for each in (FIRST, FINAL, TRUTH, MODEL)), case=[*range(10)] * 2)
    assert twice.net.value == pytest.approx(alone.net.value)
    assert twice.net.high - twice.net.low == pytest.approx(alone.net.high - alone.net.low, rel=0.05)


def test_with_fewer_changes_chance_explains_even_those_that_go_one_way():
    n = LEAST_CHANGED - 1
    first, final = [0] * 100, [1] * n + [0] * (100 - n)
    effect = reveal_effect(first, final, final, final, case=range(100))
    assert (effect.net.value, effect.net.code, effect.net.n) == (None, "too_few_changes", n)
    assert effect.changed.value == 0.05
    final[n] = 1
    effect = reveal_effect(first, final, final, final, case=range(100))
    # Six of 100 for the better, none for the worse.
    assert effect.net.value == pytest.approx(0.06)
    assert effect.net.low > 0


def test_numbers_are_compared_by_their_distance_from_the_truth():
    effect = reveal_effect([10, 10, 10, 10], [12, 9, 14, 10], [12, 12, 12, 12], [13] * 4, case=range(4), is_number=True)
    # Nearer, further, as far on the other side, unchanged.
    assert (effect.n_toward, effect.n_away, effect.n_elsewhere) == (1, 1, 1)
    assert effect.followed is effect.helped is None


def test_numbers_within_the_tolerance_are_the_same_answer():
    """Of 12, with a tolerance of 1: from 10 to 12 right, to the model's 20 wrong, and from 12 to 12.5 no change."""
    answers = ([10, 12, 12], [12, 20, 12.5], [12] * 3, [20] * 3)
    effect = reveal_effect(*answers, case=range(3), is_number=True, tolerance=Tolerance(by=1.0))
    assert (effect.n_changed, effect.n_toward, effect.n_away) == (2, 1, 1)
    # The model is wrong all along; of two right first answers it was followed in one.
    assert (effect.followed.value, effect.followed.n, effect.helped.code) == (0.5, 2, "no_labels")


def test_without_answers_there_is_nothing_to_say():
    effect = reveal_effect([], [], [], [], case=[])
    assert (effect.answers, effect.changed.code, effect.net.code) == (0, "no_labels", "too_few_changes")


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="final must have length 2"):
        reveal_effect([0, 1], [0], [0, 1], [0, 1], case=[0, 1])
    with pytest.raises(ValueError, match="pi must be in"):
        reveal_effect([0], [0], [0], [0], case=[0], pi=[0.0])


def answers(rng, cases, *, toward=0.35, away=0.08):
    """Simulate one or two answers to each case: hard ones fool model and people, and sway both alike."""
    is_hard = rng.random(cases) < 0.3
    case = np.repeat(np.arange(cases), rng.integers(1, 3, cases))
    truth = rng.integers(0, 2, cases)
    predicted = np.where(rng.random(cases) < np.where(is_hard, 0.35, 0.05), 1 - truth, truth)
    first = np.where(rng.random(len(case)) < np.where(is_hard, 0.3, 0.04)[case], 1 - truth[case], truth[case])
    shared = rng.random(cases)[case]
    mood = np.where(rng.random(len(case)) < 0.5, shared, rng.random(len(case)))
    is_swayed = (first != predicted[case]) & (mood < np.where(predicted == truth, toward, away)[case])
    return first, np.where(is_swayed, predicted[case], first), truth[case], predicted[case], case, is_hard


@pytest.mark.slow
@pytest.mark.parametrize("is_weighted", [False, True])
def test_ranges_cover_the_effect_of_a_simulated_reveal(is_weighted):
    """Simulation, seed 1: 200 times about 300 cases with one or two answers, hard ones drawn six times as often.

    The truth of it: answers to 2 million cases, net +2.1 points, 8 % followed, 35 % helped.
    """
    rng = np.random.default_rng(1)
    first, final, truth, predicted, *_ = answers(rng, 2_000_000)
    true = {
        "net": np.mean((final == truth).astype(int) - (first == truth)),
        "followed": np.mean((final == predicted)[(predicted != truth) & (first == truth)]),
        "helped": np.mean((final == predicted)[(predicted == truth) & (first != truth)]),
    }
    assert true == pytest.approx({"net": 0.021, "followed": 0.08, "helped": 0.35}, abs=0.005)
    covered = {name: [] for name in true}
    for _ in range(200):
        *world, case, is_hard = answers(rng, 1_900 if is_weighted else 300)
        pi = np.where(is_hard, 0.36, 0.06) if is_weighted else np.ones(len(is_hard))
        is_drawn = (rng.random(len(pi)) < pi)[case]
        effect = reveal_effect(*(each[is_drawn] for each in world), case=case[is_drawn], pi=pi[case][is_drawn])
        for name, value in true.items():
            if (figure := getattr(effect, name)).value is not None:
                covered[name].append(figure.low <= value <= figure.high)
    assert len(covered["net"]) > 150
    for name, hits in covered.items():
        assert np.mean(hits) >= 0.93, name
