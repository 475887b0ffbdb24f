"""The division that explains a difference, and the days on which its groups were not as usual."""

import numpy as np
import pytest

from apps.stats.comparison.decomposition import Decomposition, Part
from apps.stats.comparison.partitions import choose_partition, moved_groups, unusual_days


def found(mix: float, right: float, *, se: float = 0.2) -> Decomposition:
    """A decomposition of these parts; the rest plays no role."""
    parts = [Part(value, value, value, value - 2 * se, value + 2 * se, se, None) for value in (mix + right, mix, right)]
    nothing = np.zeros(1)
    return Decomposition(
        parts[0], parts[1], parts[2], None, nothing, nothing, nothing, nothing, by_mix=nothing, by_right=nothing
    )


def test_of_divisions_of_one_order_the_one_that_leaves_least_is_chosen():
    # The demo's September: by age −2.3 with +0.35 left over, by the home −1.8 with −0.17, by citizenship −0.1.
    choice = choose_partition([found(-1.2, -0.76), found(-2.32, 0.35), found(-1.79, -0.17), found(-0.09, -1.87)])
    assert (choice.place, choice.is_beyond_chance) == (2, True)


def test_a_large_mix_effect_that_hides_a_fall_is_not_passed_over():
    assert choose_partition([found(0.8, -1.9), found(3.0, -4.1)]).place == 1


def test_chance_is_not_read_as_mix():
    # 2.5 standard errors would do alone, p = .012; of six divisions each takes p = .05/6.
    tried = [found(0.1, -1.0), *[found(0.05, -0.95)] * 4, found(0.5, -1.4)]
    assert choose_partition(tried) == choose_partition([found(0.0, -0.9)] * 2)
    assert choose_partition(tried[-1:]).is_beyond_chance


def test_the_fewest_groups_that_moved_are_named():
    assert moved_groups([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]]) == ()
    assert moved_groups([[0.02, 0.01, 0.5, 0.47], [0.15, 0.07, 0.4, 0.38]]) == (0, 1)


def test_the_days_of_an_event_are_found_and_its_neighbors_are_not():
    rng = np.random.default_rng(8)
    n = np.full(30, 1_147)
    share = np.full(30, 0.08)
    share[23:29] = 1.0
    stretch = unusual_days(n, rng.binomial(n, share), usual=0.08)
    assert stretch is not None
    assert (stretch.first, stretch.last, stretch.n, stretch.inside) == (23, 28, 6_882.0, 6_882.0)


def test_days_on_which_a_group_was_missing_are_found():
    stretch = unusual_days([100] * 5, [40, 42, 0, 0, 39], usual=0.4)
    assert stretch is not None
    assert (stretch.first, stretch.last, stretch.inside) == (2, 3, 0.0)


@pytest.mark.parametrize("n", [[], [0, 0], [1] * 401])
def test_without_days_to_compare_there_is_no_stretch(n: list[int]):
    assert unusual_days(n, n, usual=0.5) is None
