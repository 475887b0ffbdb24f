"""Sums of independent estimates with ranges."""

import numpy as np
import pytest

from apps.stats.independent import Ranged, difference, total


def test_symmetric_ranges_add_as_variances_do() -> None:
    # 3-4-5
    assert total([Ranged(1.0, -2.0, 4.0), Ranged(2.0, -2.0, 6.0)]) == Ranged(3.0, -2.0, 8.0)
    assert difference(Ranged(1.0, -2.0, 4.0), Ranged(2.0, -2.0, 6.0)) == Ranged(-1.0, -6.0, 4.0)


def test_the_range_of_a_difference_takes_the_far_end_of_each() -> None:
    found = difference(Ranged(10.0, 7.0, 10.0), Ranged(4.0, 4.0, 8.0))
    assert (found.low, found.high) == (6.0 - 5.0, 6.0)


def test_nothing_adds_up_to_nothing() -> None:
    assert total([]) == Ranged(0, 0, 0)


def test_ranges_of_totals_cover_as_often_as_their_parts() -> None:
    """10,000 draws of seven normal estimates; seed 7. A total of ranges of 95 % covers in 95 %, ± 2 · 0.2 points."""
    rng, width = np.random.default_rng(7), np.array([1.0, 2, 3, 4, 5, 6, 7])
    values = rng.normal(0.0, width, size=(10_000, 7))
    covered = 0
    for row in values:
        found = total(Ranged(v, v - 1.96 * w, v + 1.96 * w) for v, w in zip(row, width, strict=True))
        covered += found.low <= 0.0 <= found.high
    assert covered / 10_000 == pytest.approx(0.95, abs=0.005)
