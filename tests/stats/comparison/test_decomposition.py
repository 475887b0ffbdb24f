"""Why two windows differ: the parts add up, are known exactly where all is counted, and hold their ranges elsewhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.stats.comparison.decomposition import Decomposition, correlation, decompose, least_of, sum_of_totals
from apps.stats.estimators.value import ValueMatrix
from tests.stats.comparison.populations import Window

MONEY = ValueMatrix.of([[3.0, -2.0], [-5.0, 10.0]], uses_amount=True)


def counted(first: list[tuple[int, int, int]], second: list[tuple[int, int, int]]) -> Decomposition:
    """Compare windows of (group, right, wrong)."""
    windows = [_window(first), _window(second)]
    groups = 1 + max(group for group, *_ in (*first, *second))
    return decompose(windows[0].side(groups), windows[1].side(groups))


def _window(counts: list[tuple[int, int, int]], **options: int) -> Window:
    groups = [group for group, right, wrong in counts for _ in range(right + wrong)]
    truth = [y for _, right, wrong in counts for y in [1] * right + [0] * wrong]
    return Window(groups, [0.9] * len(groups), truth, **options)


def test_two_groups_by_hand():
    # Kitagawa by hand: shares .8/.2 → .6/.4, means .9/.5 → .9/.45 with the usual weights of one half.
    found = counted([(0, 720, 80), (1, 100, 100)], [(0, 540, 60), (1, 180, 220)])
    assert found.mix.value == pytest.approx(-0.2 * 0.9 + 0.2 * 0.475)
    assert found.right.value == pytest.approx(0.3 * -0.05)
    assert found.difference.value == pytest.approx(0.72 - 0.82)
    assert (found.mix.low, found.mix.high) == (found.mix.value, found.mix.value)


def test_the_range_of_chance_of_a_counted_difference_is_that_of_two_shares():
    found = counted([(0, 820, 180)], [(0, 720, 280)])
    # √(.82·.18/1000 + .72·.28/1000), the textbook's standard error; one label of the whole is added to the spread.
    assert found.difference.chance_se == pytest.approx(0.01868, rel=2e-3)
    assert found.difference.chance_low < -0.1 < found.difference.chance_high


def test_a_group_that_only_one_window_has_is_all_mix():
    found = counted([(0, 80, 20)], [(0, 80, 20), (1, 10, 90)])
    assert found.right.value == pytest.approx(0.0)
    assert found.mix.value == pytest.approx(0.45 - 0.8)
    assert found.by_mix[1] < 0


def test_one_case_of_a_group_says_little_about_the_model():
    # Kitagawa's ½ would read half of 60 % − 0 % out of one case.
    found = counted([(0, 90, 10), (1, 0, 1)], [(0, 90, 10), (1, 60, 40)])
    assert abs(found.by_right[1]) < 0.02
    assert found.by_mix[1] < -0.1


windows = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 200), st.integers(0, 200)), min_size=1, max_size=6
).filter(lambda counts: sum(right + wrong for _, right, wrong in counts) > 0)


@settings(max_examples=60, deadline=None)
@given(windows, windows, st.sampled_from([1.0, 0.4]), st.booleans(), st.integers(0, 99))
def test_the_parts_add_up_to_the_difference(first, second, pi, is_total, seed):
    sides = []
    for counts in (first, second):
        drawn = _window(counts, pi=pi, seed=seed)
        drawn.amount = np.random.default_rng(seed).lognormal(size=len(drawn.group))
        sides.append(drawn.side(4, matrix=MONEY))
    there, back = decompose(*sides, is_total=is_total), decompose(*reversed(sides), is_total=is_total)
    whole = there.difference.value
    scale = max(abs(whole), *(abs(part.value) for part in there.parts), 1e-9)
    assert sum(part.value for part in there.parts) == pytest.approx(whole, abs=1e-11 * scale)
    assert float(there.by_mix.sum()) == pytest.approx(there.mix.value, abs=1e-11 * scale)
    # Exchanging the windows changes the signs alone.
    for one, other in zip(there.parts, back.parts, strict=True):
        assert one.value == pytest.approx(-other.value, abs=1e-11 * scale)
    assert all(part.low <= part.value <= part.high and part.chance_low <= part.low for part in there.parts)


def test_the_difference_is_that_of_the_estimates():
    first, second = _window([(0, 300, 90), (1, 80, 70)], pi=0.3), _window([(0, 200, 90), (1, 180, 70)], pi=0.3, seed=4)
    found = decompose(first.side(2), second.side(2))
    both = [each.estimator.estimate("accuracy") for each in (first, second)]
    assert found.difference.value == pytest.approx(both[1].value - both[0].value, abs=1e-12)
    assert found.difference.high - found.difference.low < sum(each.high - each.low for each in both)


def test_totals_differ_by_volume_as_well():
    first, second = _window([(0, 60, 40)]), _window([(0, 120, 80)])
    found = decompose(first.side(1), second.side(1), is_total=True)
    assert found.volume is not None
    assert (found.volume.value, found.mix.value, found.right.value) == (pytest.approx(60), 0.0, pytest.approx(0.0))


def test_new_prices_are_half_the_change_of_value_on_both_sides():
    first, second = _window([(0, 60, 40)]), _window([(0, 120, 80)])
    change = ValueMatrix.of([[0.0, 0.0], [0.0, 2.0]])
    part = sum_of_totals(first.side(1, matrix=change), second.side(1, matrix=change), factor=0.5)
    assert part.value == pytest.approx(0.5 * 2 * (60 + 120))


def test_a_window_does_not_differ_from_itself():
    window = _window([(0, 300, 90), (1, 80, 70)], pi=0.3)
    everything = np.ones(len(window.group), dtype=bool)
    same = window.side(2)
    found = decompose(window.side(2, shared=everything), same)
    assert correlation(same, same) == pytest.approx(1.0)
    assert found.difference.value == 0.0
    assert found.difference.high - found.difference.low == pytest.approx(0.0, abs=1e-6)
    assert found.difference.chance_high == pytest.approx(0.0, abs=1e-6)


def test_what_overlapping_windows_share_adds_no_variance():
    rng = np.random.default_rng(3)
    score, truth = rng.random(3_000), (rng.random(3_000) < 0.6).astype(int)
    groups = np.zeros(3_000, dtype=int)
    first = Window(groups[:2000], score[:2000], truth[:2000], pi=0.2)
    second = Window(groups[1000:], score[1000:], truth[1000:], pi=0.2, first_key=1000)
    shared = np.arange(1000, 3000) < 2000
    together = decompose(first.side(1), second.side(1, shared=shared))
    apart = decompose(first.side(1), Window(groups[1000:], score[1000:], truth[1000:], pi=0.2, first_key=5000).side(1))
    ratio = (together.difference.high - together.difference.low) / (apart.difference.high - apart.difference.low)
    # Half of each window is shared and cancels: √½.
    assert ratio == pytest.approx(0.5**0.5, abs=0.06)


@pytest.mark.parametrize("pi", [1.0, 0.15])
def test_ranges_hold_the_parts_of_the_process(pi: float):
    """100 pairs of windows, seed 5: shares .9/.1 → .7/.3, means .85/.55 → .82/.55."""
    rng, hits = np.random.default_rng(5), np.zeros(3)
    true = (-0.2 * 0.835 + 0.2 * 0.55, 0.8 * -0.03, -0.2 * 0.835 + 0.2 * 0.55 + 0.8 * -0.03)
    for _ in range(100):
        sides = []
        for share, means in ((0.1, (0.85, 0.55)), (0.3, (0.82, 0.55))):
            group = (rng.random(1_500) < share).astype(int)
            truth = (rng.random(1_500) < np.array(means)[group]).astype(int)
            sides.append(Window(group, np.full(1_500, 0.8), truth, pi=pi, seed=int(rng.integers(10**6))).side(2))
        found = decompose(*sides)
        parts = (found.mix, found.right, found.difference)
        hits += [part.chance_low <= value <= part.chance_high for part, value in zip(parts, true, strict=True)]
    assert (hits >= 90).all(), hits


def test_no_mix_effect_where_nothing_moved():
    """Chance alone: the least mix effect is above zero in about one of 20 pairs; seed 6."""
    rng, alarms = np.random.default_rng(6), 0
    for _ in range(100):
        sides = []
        for _side in range(2):
            group = rng.integers(0, 12, 1_200)
            truth = (rng.random(1_200) < np.linspace(0.4, 0.95, 12)[group]).astype(int)
            sides.append(Window(group, np.full(1_200, 0.8), truth).side(12))
        alarms += least_of(decompose(*sides).mix) > 0
    assert alarms <= 9


def test_sides_must_have_the_same_groups():
    window = _window([(0, 3, 2)])
    with pytest.raises(ValueError, match="same groups"):
        decompose(window.side(1), window.side(2))
    with pytest.raises(ValueError, match="must have predictions"):
        decompose(window.side(1), Window([], [], []).side(1))


def test_a_side_takes_its_place_among_the_groups_of_both():
    first, second = _window([(0, 30, 10), (1, 5, 5)], pi=0.5), _window([(0, 8, 2), (1, 30, 20)], pi=0.5)
    there = decompose(first.side(2), second.side(2))
    # The same, with the groups of the second side named in the other order and one that neither has.
    turned = Window(1 - second.group, second.score, second.truth, pi=0.5)
    places = np.array([2, 0])
    moved = decompose(first.side(2).placed(np.array([0, 2]), groups=3), turned.side(2).placed(places, groups=3))
    assert moved.mix.value == pytest.approx(there.mix.value)
    assert moved.difference.high == pytest.approx(there.difference.high)
    with pytest.raises(ValueError, match="below 2"):
        first.side(2).placed(places, groups=2)
