"""The short form of `./run.sh bench coverage`, and its harness: draws, judgement, stored widths."""

from itertools import product

import numpy as np
import pytest

from tests.benchmarks.coverage import BEFORE, METRICS, SIZES, Measured, PoissonDraw, judged, measure, save, stored
from tests.oracles.populations import FLOOR, KINDS, POLICIES, N, simulated


@pytest.mark.slow
def test_intervals_keep_their_level_for_every_metric_and_are_narrower_than_those_of_random_samples():
    """A true coverage of 95 % stays at 88 or more of 100; the full table has 2,000 replicates per cell."""
    cells = measure(("rare",), ("recommended", "random"), (500,), replicates=100)
    drawn, random = (
        {metric: cells["rare", policy, 500, metric] for metric in METRICS} for policy in ("recommended", "random")
    )
    assert min(cell.coverage for cell in drawn.values()) >= 0.88
    assert drawn["accuracy"].width <= 0.6 * random["accuracy"].width
    for metric in ("precision", "recall", "f1", "value"):
        assert drawn[metric].width < random[metric].width


@pytest.mark.parametrize(("kind", "policy"), [*product(["rare"], POLICIES), ("nearly_perfect", "uncertainty")])
def test_every_policy_draws_as_many_as_asked_and_keeps_its_floor(kind, policy):
    world = simulated(kind)
    p = world.probabilities(300, policy)
    assert p.sum() == pytest.approx(300, rel=1e-6)
    assert p.min() >= FLOOR * 300 / N * (1 - 1e-9)
    assert (p >= world.chance(300, policy) * (1 - 1e-9)).all()


def test_the_draw_hits_each_prediction_with_its_probability_and_each_at_most_once():
    p = np.array([0.0, 0.02, 0.5, 0.9, 1.0])
    draw, rng = PoissonDraw(p), np.random.default_rng(1)
    hits = np.zeros((20_000, 5))
    for row in hits:
        row[draw.rows(rng)] += 1
    assert hits.max() == 1
    assert hits.mean(axis=0) == pytest.approx(p, abs=0.015)
    # Independent: no pair of predictions is drawn together more often than by chance.
    assert np.cov(hits[:, 1:4].T)[np.triu_indices(3, k=1)] == pytest.approx(0, abs=0.01)


def test_the_populations_are_as_right_as_their_names_say():
    right = {kind: float((simulated(kind).predicted == simulated(kind).truth).mean()) for kind in KINDS}
    assert [right[kind] for kind in ("misfit_rare", "misfit_step", "nearly_perfect")] == pytest.approx(
        [0.97, 0.97, 0.996], abs=0.005
    )
    wrong = simulated("sure_and_wrong").predicted != simulated("sure_and_wrong").truth
    is_sure = np.abs(simulated("sure_and_wrong").score - 0.5) > 0.49
    assert wrong[is_sure].sum() > 0.5 * wrong.sum()


def test_cells_are_judged_by_where_they_stand_and_by_what_they_were_before():
    cells = {
        ("rare", "uniform", 100, "f1"): Measured(0.95, 0.2, 0.5, 0.93),
        ("rare", "amount", 100, "f1"): Measured(0.92, 0.3, 0.1, 0.4),
        ("hidden", "amount", 100, "accuracy"): Measured(0.87, 0.1, 0.0, float("nan")),
        ("hidden", "amount", 100, "precision"): Measured(0.94, 0.1, 0.0, float("nan")),
    }
    before = {
        ("rare", "uniform", 100, "f1"): (0.94, 0.1),
        ("rare", "amount", 100, "f1"): (0.94, 0.3),
        ("hidden", "amount", 100, "accuracy"): (0.8, 0.01),
        ("hidden", "uniform", 100, "accuracy"): (0.95, 0.01),
    }
    assert judged(cells, before) == {
        "coverage_min": 0.92,
        "unseen_accuracy_min": 0.87,
        "unseen_precision_min": 0.94,
        "standing_min": 0.93,
        "standing_share": 0.15,
        "width_median": 1.5,
        "width_max": 2.0,
    }


def test_widths_are_stored_and_read_again(tmp_path):
    cells = {("rare", "uniform", 100, "f1"): Measured(0.95, 0.25, 0.5, 0.93)}
    save(cells, tmp_path / "widths.csv")
    assert stored(tmp_path / "widths.csv") == {("rare", "uniform", 100, "f1"): (0.95, 0.25)}


def test_there_is_a_width_to_compare_with_for_every_cell():
    assert set(stored(BEFORE)) == set(product(KINDS, POLICIES, SIZES, METRICS))
