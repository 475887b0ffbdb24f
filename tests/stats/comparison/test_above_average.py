"""A part's mean above the average of all, and many such ranges at once."""

import numpy as np
import pytest

from apps.stats.comparison.above_average import above_average, level_of_each
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix


def test_the_gap_to_the_average_is_that_to_the_rest_less_the_own_share():
    """A quarter at 9 and the rest at 1 make 3 on average, 6 below 9."""
    gap = above_average(exactly(9.0, n=10), exactly(1.0, n=30), share=0.25)
    assert (gap.value, gap.low, gap.method) == (6.0, 6.0, "exact")


def test_each_side_gives_the_end_that_faces_the_other():
    """By hand: below √(1² + 2²), above √(3² + 4²), both times one half."""
    part = Estimate(10.0, 9.0, 13.0, "log-mod", 40)
    rest = Estimate(4.0, 0.0, 6.0, "log-mod", 90)
    gap = above_average(part, rest, share=0.5)
    assert (gap.low, gap.high) == pytest.approx((3 - 5**0.5 / 2, 3 + 25**0.5 / 2))
    assert gap.n == 40


def test_a_part_that_does_not_stand_yet_says_so():
    early = Estimate(10.0, 9.0, 13.0, "plain-mod", 4, code="preliminary", labels_needed=6)
    rest = Estimate(4.0, 3.0, 5.0, "plain-mod", 90)
    assert above_average(early, rest, share=0.1).labels_needed == 6
    assert above_average(early, missing("no_labels"), share=0.1).code == "no_labels"


def test_the_whole_has_no_rest():
    with pytest.raises(ValueError, match="share"):
        above_average(exactly(1.0, n=1), exactly(1.0, n=1), share=1.0)


@pytest.mark.slow
def test_with_no_slice_worse_than_another_hardly_any_draw_says_so():
    """200 draws of 600 from 20,000 with 10 slices by chance: one is said to lose more in at most 5 %, seed 11.

    With a level of 95 % for each alone, some slice would be in about 22 % of the draws (1 − .975^10).
    """
    rng = np.random.default_rng(11)
    size, slices, matrix = 20_000, 10, ValueMatrix.of([[0, 1], [3, 0]])
    score = rng.beta(2, 2, size)
    predicted, truth = (score >= 0.5).astype(int), (rng.random(size) < score).astype(int)
    piece, pi = rng.integers(0, slices, size), np.full(size, 0.03)
    by_slice = [Population.from_rows(predicted=predicted[own], score=score[own], pi=pi[own])
                for own in (piece == k for k in range(slices))]  # fmt: skip
    others = [Population.from_rows(predicted=predicted[own], score=score[own], pi=pi[own])
              for own in (piece != k for k in range(slices))]  # fmt: skip
    everyone = Population.from_rows(predicted=predicted, score=score, pi=pi)
    wrongly = dict.fromkeys((0.95, level_of_each(slices, level=0.95)), 0)
    draws = 200
    for _ in range(draws):
        drawn = np.flatnonzero(rng.random(size) < pi)
        items = Sample.of(predicted=predicted[drawn], score=score[drawn], pi=pi[drawn], label=truth[drawn])
        for level in wrongly:
            base = BinaryEstimator(everyone, items, level=level)
            gaps = [
                above_average(
                    base.within(by_slice[k], items=piece[drawn] == k).mean_value(matrix),
                    base.within(others[k], items=piece[drawn] != k).mean_value(matrix),
                    share=float((piece == k).mean()),
                )
                for k in range(slices)
            ]
            wrongly[level] += any((gap.low or 0.0) > 0 for gap in gaps)
    alone, at_once = wrongly.values()
    assert at_once <= 0.05 * draws
    assert alone > 0.1 * draws
