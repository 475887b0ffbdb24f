import numpy as np
import pytest

from apps.stats.reviewers.specific_agreement import specific_agreement

nan = np.nan


def agreement(ratings, classes=2, seed=1):
    return specific_agreement(ratings, classes=classes, rng=np.random.default_rng(seed))


def test_two_raters_give_cicchetti_and_feinsteins_shares():
    """Their closed form 2a/(2a + b + c), here with a = 80, b = 10, c = 5, d = 5."""
    ratings = [[1, 1]] * 80 + [[1, 0]] * 10 + [[0, 1]] * 5 + [[0, 0]] * 5
    no, yes = agreement(ratings)
    assert yes.value == pytest.approx(160 / 175)
    assert no.value == pytest.approx(10 / 25)
    assert (yes.n, no.n) == (95, 20)
    assert no.low < 0.4 < no.high


def test_with_three_raters_every_pair_counts():
    """By hand, items with a 1: in [1, 1, 0] 2 of the 4 ordered pairs from a 1 differ, in [1, 1, 1] none of 6."""
    _, yes = agreement([[1, 1, 0]] * 20 + [[1, 1, 1]] * 20 + [[0, 0, nan]] * 20)
    assert yes.value == pytest.approx(1 - (2 / 6) / (4 / 6 + 1))


def test_a_class_that_was_never_given_has_a_code():
    figures = agreement([[0, 0], [0, 0], [1, nan]], classes=3)
    assert [figure.code for figure in figures] == ["boundary", "no_labels", "no_labels"]
    assert figures[0].high == 1.0


@pytest.mark.parametrize(("ratings", "code"), [(np.empty((0, 2)), "no_labels"), ([[0, nan], [1, nan]], "no_overlap")])
def test_without_two_ratings_there_is_no_figure(ratings, code):
    assert [figure.code for figure in agreement(ratings)] == [code, code]


def test_an_agreement_of_zero_stays_a_share():
    for figure in agreement([[0, 1]] * 5):
        assert figure.value == 0.0
        assert 0.0 <= figure.low <= figure.high <= 1.0


def test_the_interval_holds_its_level():
    """Monte Carlo, seed 3: two raters right with .85 on 200 items, a fifth of them of class 1.

    P(both say 1) = .2·.7225 + .8·.0225 = .1625 and P(one says 1) = .29, so the share is .1625/.29.
    """
    rng, held = np.random.default_rng(3), []
    for _ in range(300):
        truth = rng.random(200) < 0.2
        ratings = (truth[:, None] == (rng.random((200, 2)) < 0.85)).astype(float)
        figure = specific_agreement(ratings, classes=2, rng=rng, replicates=200)[1]
        held.append(figure.low <= 0.1625 / 0.29 <= figure.high)
    assert np.mean(held) > 0.92


def test_a_class_out_of_range_is_refused():
    with pytest.raises(ValueError, match="below 2"):
        agreement([[0, 2]])
