"""A verdict on a candidate keeps its promise at every look."""

import math

import numpy as np
import pytest

from apps.stats.comparison.promotion import verdict
from apps.stats.estimate import Estimate, missing

DAYS, A_DAY, DISAGREE, DRAWN = 200, 2_000, 0.04, 0.5


def looks(better: float, r: np.random.Generator) -> str:
    """Judge a candidate that is right in so many of the disagreements, every day until there is a verdict.

    Half of the disagreements are drawn and labeled: the total is estimated with weight 2, and its variance with them.
    """
    disagreements = r.binomial(A_DAY, DISAGREE, DAYS)
    labels = r.binomial(disagreements, DRAWN)
    won = r.binomial(labels, better)
    for day in range(DAYS):
        n, size = int(labels[: day + 1].sum()), A_DAY * (day + 1)
        value = (2 * int(won[: day + 1].sum()) - n) / DRAWN / size
        se = math.sqrt(n * (1 - DRAWN)) / DRAWN / size
        share = disagreements[: day + 1].sum() / size
        so_far = Estimate(value, value - se, value + se, "plain-mod", n, se=se)
        said = verdict(so_far, spread=math.sqrt(max(share - value**2, 0.0)), n_items=size).says
        if said in {"better", "worse"}:
            return said
    return "open"


@pytest.mark.slow
def test_equal_models_get_a_verdict_in_at_most_five_of_a_hundred_tests_with_daily_looks() -> None:
    r = np.random.default_rng(19)
    said = [looks(0.5, r) for _ in range(1_000)]
    # Of 1,000 at 5 %, 61 would be exceeded once in 20 times; asymptotic sequences are far from it after 100 labels.
    assert said.count("better") + said.count("worse") <= 50


def test_a_candidate_that_wins_most_disagreements_is_found() -> None:
    r = np.random.default_rng(20)
    assert [looks(0.65, r) for _ in range(20)] == ["better"] * 20
    assert looks(0.35, r) == "worse"


def test_an_exact_difference_is_that_of_the_past_and_stays_open_where_it_is_small() -> None:
    known = Estimate(0.0004, 0.0004, 0.0004, "exact", 400)
    said = verdict(known, spread=math.sqrt(0.04), n_items=10_000)
    # The standard deviation of the mean is 0.2/100 = 0.002, five times the difference.
    assert said.says == "open"
    assert said.difference.low == pytest.approx(0.0004 - 0.002 * 3.07, abs=2e-4)


def test_before_the_first_look_it_is_too_early_and_without_a_figure_unknown() -> None:
    early = Estimate(0.5, 0.4, 0.6, "plain-mod", 99, se=0.01)
    assert verdict(early, spread=0.1, n_items=1_000).says == "too_early"
    assert verdict(missing("no_disagreement"), spread=0.0, n_items=10).says == "unknown"


@pytest.mark.parametrize(("spread", "n_items"), [(-0.1, 10), (math.nan, 10), (0.1, 0)])
def test_senseless_numbers_are_errors(spread: float, n_items: float) -> None:
    with pytest.raises(ValueError, match="spread"):
        verdict(Estimate(0.1, 0.0, 0.2, "plain-mod", 200, se=0.01), spread=spread, n_items=n_items)
