import numpy as np
import pytest

from apps.stats.delay.expected_right import fit_expected_right

ACCURACY = np.array([0.95, 0.8, 0.6, 0.9])


def reference(rng, n, accuracy=ACCURACY, share=(0.4, 0.3, 0.2, 0.1)):
    cell = rng.choice(4, n, p=share)
    return cell, rng.random(n) < accuracy[cell]


def test_where_only_the_mix_moves_the_expectation_is_near_the_truth():
    """Simulation, seed 1: the hard cell grows from a fifth to a half; the truth is Σ share·accuracy."""
    frozen = fit_expected_right(*reference(np.random.default_rng(1), 10_000), count=4)
    window = np.array([200, 200, 500, 100])
    expected = frozen.of(window)
    truth = window @ ACCURACY / 1_000
    assert expected.value == pytest.approx(truth, abs=0.02)
    assert expected.low < truth < expected.high


def test_the_range_holds_the_outcomes_to_come():
    """Simulation, seed 2: 400 references of 1,000 and windows of 500; 95 % of the measured shares lie within."""
    rng, inside = np.random.default_rng(2), 0
    for _ in range(400):
        frozen = fit_expected_right(*reference(rng, 1_000), count=4)
        cell, right = reference(rng, 500, share=(0.2, 0.2, 0.5, 0.1))
        expected = frozen.of(np.bincount(cell, minlength=4))
        inside += expected.low is None or expected.low <= right.mean() <= expected.high
    assert inside / 400 > 0.92


def test_a_second_half_unlike_the_first_is_not_calibrated():
    rng = np.random.default_rng(3)
    halves = reference(rng, 2_000), reference(rng, 2_000, accuracy=ACCURACY - 0.1)
    cell, right = (np.concatenate(parts) for parts in zip(*halves, strict=True))
    frozen = fit_expected_right(cell, right, count=4)
    assert frozen.code == "not_calibrated"
    assert frozen.off.high < 0
    assert frozen.of([1, 1, 1, 1]).code == "not_calibrated"


def test_cells_that_trade_places_are_not_calibrated_even_if_their_mean_stands():
    rng = np.random.default_rng(4)
    even = (0.25, 0.25, 0.25, 0.25)
    halves = reference(rng, 2_000, share=even), reference(rng, 2_000, accuracy=ACCURACY[::-1], share=even)
    cell, right = (np.concatenate(parts) for parts in zip(*halves, strict=True))
    frozen = fit_expected_right(cell, right, count=4)
    assert abs(frozen.off.value) < 0.02
    assert frozen.off_cells > 0.05
    assert frozen.code == "not_calibrated"


def test_a_reference_that_holds_is_rarely_refused():
    rng = np.random.default_rng(5)
    assert sum(fit_expected_right(*reference(rng, 2_000), count=4).code is not None for _ in range(100)) <= 8


def test_outcomes_drawn_unequally_count_for_those_that_they_stand_for():
    """Wrong decisions were drawn twice as often."""
    rng = np.random.default_rng(6)
    cell, right = reference(rng, 40_000)
    pi = np.where(right, 0.3, 0.6)
    drawn = rng.random(40_000) < pi
    frozen = fit_expected_right(cell[drawn], right[drawn], pi[drawn], count=4)
    np.testing.assert_allclose(frozen.mean, ACCURACY, atol=0.02)


@pytest.mark.parametrize(("n", "code"), [(0, "no_reference"), (999, "too_few")])
def test_without_enough_outcomes_nothing_is_expected(n, code):
    frozen = fit_expected_right(np.zeros(n), np.ones(n), count=1)
    assert (frozen.code, frozen.of([5]).code, frozen.cost_of_shift([[5]], [5]).code) == (code,) * 3


def test_the_cost_of_a_shift_is_the_change_of_shares_times_what_is_expected_of_each_bin():
    """Bins hold one cell each: (.5 − .2)·.6 + (.2 − .5)·.95 of the four accuracies."""
    frozen = fit_expected_right(*reference(np.random.default_rng(7), 100_000), count=4)
    joint = np.diag([5_000, 2_000, 2_000, 1_000])
    cost = frozen.cost_of_shift(joint, [200, 200, 500, 100])
    assert cost.value == pytest.approx(0.3 * (0.6 - 0.95), abs=0.01)
    assert cost.low < -0.105 < cost.high


def test_a_shift_of_a_feature_that_tells_nothing_costs_nothing():
    frozen = fit_expected_right(*reference(np.random.default_rng(8), 10_000), count=4)
    assert frozen.cost_of_shift(np.full((2, 4), 250), [900, 100]).value == pytest.approx(0, abs=1e-9)


def test_the_range_of_a_cost_covers_the_sampling_of_both_shares():
    """Simulation, seed 9: 300 references of 1,000 rows and todays of 300; the true cost lies within 95 % of ranges."""
    rng, inside = np.random.default_rng(9), 0
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.3, 0.3, 0.4])
    cells = np.array([[0.7, 0.2, 0.05, 0.05], [0.25, 0.25, 0.25, 0.25], [0.0, 0.1, 0.8, 0.1]])
    truth = (q - p) @ cells @ ACCURACY
    for _ in range(300):
        frozen = fit_expected_right(*reference(rng, 3_000), count=4)
        if frozen.code:
            inside += 1
            continue
        joint = rng.multinomial(1_000, (p[:, None] * cells).ravel()).reshape(3, 4)
        cost = frozen.cost_of_shift(joint, rng.multinomial(300, q))
        inside += cost.low <= truth <= cost.high
    assert inside / 300 > 0.92


def test_bins_without_a_reference_are_left_out_and_said():
    frozen = fit_expected_right(*reference(np.random.default_rng(10), 10_000), count=4)
    cost = frozen.cost_of_shift([[500, 0, 0, 0], [0, 0, 0, 0]], [60, 40])
    assert (cost.value, cost.covered_share) == (pytest.approx(0), 0.6)
    assert frozen.cost_of_shift([[500, 0, 0, 0], [0, 0, 0, 0]], [0, 40]).code == "no_population"
    assert frozen.cost_of_shift(np.zeros((2, 4)), [1, 40]).code == "no_reference"


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: fit_expected_right([0, 4], [1, 0], count=4), "cell must be below 4"),
        (lambda: fit_expected_right([0], [2], count=4), "right must be 0 or 1"),
        (lambda: fit_expected_right([0], [1], [0.0], count=4), "pi must be in"),
        (lambda: fit_expected_right([0], [1], count=0), "count must be positive"),
    ],
)
def test_an_error_names_the_bad_argument(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()


def test_counts_must_fit_the_cells():
    frozen = fit_expected_right(*reference(np.random.default_rng(11), 2_000), count=4)
    with pytest.raises(ValueError, match="cells must have length 4"):
        frozen.of([1, 2])
    with pytest.raises(ValueError, match="cells must not be negative"):
        frozen.of([1, 2, 3, -1])
    with pytest.raises(ValueError, match="reference must hold counts"):
        frozen.cost_of_shift([[1, 2]], [1])
    with pytest.raises(ValueError, match="now must have length 1"):
        frozen.cost_of_shift([[1, 2, 3, 4]], [1, 2])
