import numpy as np
import pytest
from scipy import stats

from apps.stats.design.checks import check_draw
from apps.stats.design.draw_counts import ALPHA
from apps.stats.estimators.population import Population
from apps.stats.score_bins import LOGIT_BINS
from tests.stats.soundness import quick_and_many

ROWS = 20_000


@pytest.fixture(scope="module")
def world():
    """A floor of 1 %, and up to a half where the score is unsure."""
    rng = np.random.default_rng(41)
    score = rng.beta(0.7, 0.9, ROWS)
    pi = 0.01 + 1.96 * np.maximum(score * (1 - score) - 0.15, 0.0) ** 0.7
    known = {"predicted": (score > 0.5).astype(int), "score": score, "pi": pi}
    return known, Population.from_rows(**known)


def checked(world, drawn):
    known, cells = world
    return check_draw(cells, predicted=known["predicted"][drawn], bin=LOGIT_BINS.place(known["score"][drawn]))


@quick_and_many(200, times=8)
def test_sound_draws_fail_no_more_often_than_stated(world, examples):
    """Seed 42: p is an upper bound, so at most a share a of them has p below a."""
    known, _ = world
    rng = np.random.default_rng(42)
    p = np.array([checked(world, rng.random(ROWS) < known["pi"]).p_value for _ in range(examples)])
    for level in (0.5, 0.1, 0.05, 0.01):
        assert np.mean(p <= level) <= level + 3 * np.sqrt(level * (1 - level) / len(p))
    assert np.mean(p <= 0.3) > 0.05  # no test that never speaks
    assert p.min() >= ALPHA


@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_a_draw_with_other_probabilities_than_recorded_fails(world, factor):
    known, _ = world
    drawn = np.random.default_rng(43).random(ROWS) < known["pi"] * factor
    check = checked(world, drawn)
    assert check.is_failed
    assert (check.drawn, check.expected) == (drawn.sum(), pytest.approx(known["pi"].sum()))


def test_a_draw_that_loses_its_least_likely_cases_fails_at_their_level(world):
    """The whole draw has enough cases; those of the floor, which weigh most in Σ1/π, are missing."""
    known, _ = world
    at_floor = known["pi"] < 0.0101
    drawn = (np.random.default_rng(44).random(ROWS) < known["pi"]) & ~at_floor
    check = checked(world, drawn)
    assert abs(check.drawn - check.expected) < 4 * check.sd
    assert check.is_failed
    assert check.share == pytest.approx(0.01, abs=0.003)
    assert check.found_there < 0.5 * check.expected_there


def test_a_draw_that_prefers_high_scores_fails():
    rng = np.random.default_rng(45)
    score = rng.uniform(0, 1, ROWS)
    pi = np.where(score > 0.5, 0.1, 0.01)
    cells = Population.from_rows(predicted=score > 0.5, score=score, pi=pi)
    drawn = rng.random(ROWS) < pi * np.where(score > 0.5, 0.8, 3.0)
    check = check_draw(cells, predicted=score[drawn] > 0.5, bin=LOGIT_BINS.place(score[drawn]))
    assert check.is_failed


def test_three_cases_where_a_half_is_expected_do_not_fail():
    """P(≥ 3) of a Poisson number with mean .5 is 1.4 %."""
    cells = Population.of(predicted=[0], bin=[80], n=[1_000], sum_pi=[0.5], sum_odds=[2e6])
    check = check_draw(cells, predicted=[0] * 3, bin=[80] * 3)
    # Two tails, and two tests: of the whole and of its one level.
    assert check.p_value == pytest.approx(4 * stats.binom.sf(2, 1_000, 0.0005))
    assert not check.is_failed


def test_the_tail_bounds_that_of_unequal_probabilities():
    """Against the exact distribution of a sum of unequal choices, by convolution."""
    pi = np.concatenate([np.full(30, 0.02), np.full(20, 0.06)])
    exact = np.array([1.0])
    for each in pi:
        exact = np.convolve(exact, [1 - each, each])
    cells = Population.from_rows(predicted=[0] * 50, score=[0.5] * 50, pi=pi)
    for found in (0, 4, 6, 8, 10):
        p = check_draw(cells, predicted=[0] * found, bin=[100] * found).p_value
        tail = min(exact[: found + 1].sum(), exact[found:].sum())
        assert p >= min(1.0, 2 * tail)
        assert p <= min(1.0, 10 * tail)


def test_one_missing_item_is_a_failure_where_everything_is_drawn():
    cells = Population.from_rows(predicted=[0, 1], score=[0.2, 0.9], pi=[1.0, 1.0])
    bins = LOGIT_BINS.place([0.2, 0.9])
    assert check_draw(cells, predicted=[0, 1], bin=bins).p_value == 1.0
    assert check_draw(cells, predicted=[0], bin=bins[:1]).is_failed


def test_a_case_that_no_cell_accounts_for_is_a_failure():
    cells = Population.from_rows(predicted=[0] * 100, score=[0.2] * 100, pi=[0.5] * 100)
    assert check_draw(cells, predicted=[1] * 50, bin=LOGIT_BINS.place([0.9] * 50)).is_failed


def test_an_empty_draw_of_few_passes_and_uncovered_predictions_are_left_out():
    cells = Population.from_rows(predicted=[0, 1, 1], score=[0.2, 0.9, 0.9], pi=[0.1, 0.1, 0.0])
    check = check_draw(cells, predicted=[], bin=[])
    assert (check.drawn, check.expected, check.is_failed) == (0, 0.2, False)


def test_nothing_to_draw_from_and_nothing_drawn_passes():
    nothing = Population.from_rows(predicted=[], score=[], pi=[])
    assert check_draw(nothing, predicted=[], bin=[]).p_value == 1.0
