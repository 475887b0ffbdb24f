"""Contributions by permutations. Expected values in closed form."""

import numpy as np
import pytest

from apps.explanations.engine import permutation

RNG = np.random.default_rng(5)
BACKGROUND = RNG.normal(size=(10, 4))
ROW = RNG.normal(size=4)


def test_a_sum_is_explained_exactly() -> None:
    how = permutation.plan(4, 0)
    assert how is not None
    values, base = permutation.explain(ROW, BACKGROUND, lambda cells: cells.sum(axis=1, keepdims=True), how)
    assert values[:, 0] == pytest.approx(ROW - BACKGROUND.mean(axis=0))
    assert base == pytest.approx(BACKGROUND.sum(axis=1).mean())


def test_two_features_of_a_product_share_its_change() -> None:
    """For f = x·y against one row (a, b): φ(x) = (x - a)(y + b) / 2."""
    how = permutation.plan(2, 0)
    assert how is not None
    (x, y), (a, b) = (3.0, 5.0), (1.0, 2.0)
    values, _ = permutation.explain(np.array([x, y]), np.array([[a, b]]), lambda c: c.prod(axis=1, keepdims=True), how)
    assert values[:, 0] == pytest.approx([(x - a) * (y + b) / 2, (y - b) * (x + a) / 2])


@pytest.mark.parametrize("features", [1, 2, 5, 16, 60, 249, 250, 300, 499])
def test_evaluations_stay_within_their_bound_and_weights_add_up(features: int) -> None:
    how = permutation.plan(features, 3)
    assert how is not None
    assert how.evaluations <= permutation.MOST_EVALUATIONS
    sums = how.weights.sum(axis=0)
    assert sums[how.masks.all(axis=1)] == pytest.approx(1)
    assert sums[~how.masks.any(axis=1)] == pytest.approx(-1)
    assert np.abs(sums).sum() == pytest.approx(2)


def test_more_features_than_evaluations_have_no_plan() -> None:
    assert permutation.plan(500, 0) is None


def test_the_seed_decides() -> None:
    first, again, other = (permutation.plan(16, seed) for seed in (1, 1, 2))
    assert first is not None
    assert again is not None
    assert other is not None
    assert np.array_equal(first.masks, again.masks)
    assert not np.array_equal(first.masks, other.masks)


def test_texts_take_part() -> None:
    how = permutation.plan(2, 0)
    assert how is not None

    def output(cells: np.ndarray) -> np.ndarray:
        return (cells[:, :1] == "a").astype(float) + cells[:, 1:].astype(float)

    background = np.array([["b", 0.0], ["a", 2.0]], dtype=object)
    values, base = permutation.explain(np.array(["a", 3.0], dtype=object), background, output, how)
    assert values[:, 0] == pytest.approx([0.5, 2.0])
    assert base == pytest.approx([1.5])
