import numpy as np
import pytest

from apps.stats.design.checks import ALPHA, check_draw
from apps.stats.estimators.population import Population

ROWS = 20_000


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(41)
    score = rng.beta(0.7, 0.9, ROWS)
    pi = np.clip(0.01 + 0.05 * np.sqrt(score * (1 - score)), 0, 1)
    known = {"predicted": (score > 0.5).astype(int), "score": score, "pi": pi}
    return known, Population.from_rows(**known)


def checked(world, drawn):
    known, cells = world
    score = (known["score"][drawn], float(known["score"].sum()))
    return check_draw(cells, known["pi"][drawn], totals={"score": score})


def test_a_sound_draw_fails_at_the_stated_rate_and_z_is_standard(world):
    """Seed 42, 400 draws: z of each check has mean 0 and variance 1."""
    known, _ = world
    rng = np.random.default_rng(42)
    draws = [checked(world, rng.random(ROWS) < known["pi"]) for _ in range(400)]
    z = np.array([[check.z for check in checks] for checks in draws])
    assert np.abs(z.mean(axis=0)).max() < 0.2
    assert z.std(axis=0) == pytest.approx(np.ones(3), abs=0.12)
    assert sum(check.is_failed for checks in draws for check in checks) <= 400 * ALPHA + 3


def test_a_draw_with_other_probabilities_than_recorded_fails(world):
    known, _ = world
    drawn = np.random.default_rng(43).random(ROWS) < known["pi"] * 1.3
    assert {check.name for check in checked(world, drawn) if check.is_failed} >= {"drawn", "size"}


def test_a_draw_that_prefers_high_scores_fails_by_the_total_of_scores(world):
    known, _ = world
    tilted = known["pi"] * np.where(known["score"] > 0.5, 1.8, 0.2)
    drawn = np.random.default_rng(44).random(ROWS) < tilted
    assert "score" in {check.name for check in checked(world, drawn) if check.is_failed}


def test_one_missing_item_is_a_failure_where_everything_is_drawn():
    cells = Population.from_rows(predicted=[0, 1], score=[0.2, 0.9], pi=[1.0, 1.0])
    assert not any(check.is_failed for check in check_draw(cells, [1.0, 1.0]))
    assert all(check.is_failed for check in check_draw(cells, [1.0]))


def test_an_empty_small_draw_passes_and_uncovered_predictions_are_left_out():
    cells = Population.from_rows(predicted=[0, 1, 1], score=[0.2, 0.9, 0.9], pi=[0.1, 0.1, 0.0])
    size, drawn = check_draw(cells, [])
    assert (size.expected, drawn.expected) == (2.0, 0.2)
    assert not size.is_failed


def test_bad_input_is_named():
    cells = Population.from_rows(predicted=[0], score=[0.2], pi=[0.5])
    with pytest.raises(ValueError, match="pi must be in"):
        check_draw(cells, [0.0])
    with pytest.raises(ValueError, match="values of score must have length 1"):
        check_draw(cells, [0.5], totals={"score": ([0.1, 0.2], 3.0)})
    with pytest.raises(ValueError, match="total of score must be finite"):
        check_draw(cells, [0.5], totals={"score": ([0.1], float("nan"))})
