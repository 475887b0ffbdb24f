import numpy as np
import pytest

from apps.stats.drift.figure_changes import LONGEST, find_figure_changes


def weekdays(days):
    return np.arange(days) % 7


def found(n, hits, expected=None, **options):
    rows, right = np.asarray(n), np.asarray(hits)
    if rows.ndim == 1:
        rows, right = rows[:, None], right[:, None]
    return find_figure_changes(rows, right, expected, weekday=weekdays(len(rows)), **options)


def test_accuracy_that_falls_by_15_points_is_found_within_three_days():
    [change] = found(np.full(60, 200), np.r_[np.full(40, 170), np.full(7, 140), np.full(13, 170)])
    assert (change.first, change.last, change.ended) == (40, 46, "back")
    assert change.found <= 42
    assert (change.before.value, change.now.value) == pytest.approx((0.85, 0.70))
    assert change.difference.value == pytest.approx(-0.15)
    assert change.difference.high < 0


def test_accuracy_that_falls_by_8_points_is_found_within_ten_days():
    rng = np.random.default_rng(1)
    [change] = found(np.full(60, 200), rng.binomial(200, np.r_[np.full(40, 0.85), np.full(20, 0.77)]))
    assert 40 <= change.found < 50


def test_a_rise_is_found_too():
    [change] = found(np.full(50, 200), np.r_[np.full(40, 140), np.full(10, 180)])
    assert change.difference.low > 0


@pytest.mark.slow
def test_quiet_figures_raise_no_alarm():
    """Simulation, seed 2: 20 models of 8 groups and 180 days, 10 to 2,000 outcomes a day."""
    rng, alarms = np.random.default_rng(2), 0
    for rows in np.geomspace(10, 2_000, 20).astype(int):
        n = rng.poisson(rows * np.array([1, 0.4, 0.2, 0.15, 0.1, 0.08, 0.05, 0.02]), (180, 8))
        alarms += len(found(n, rng.binomial(n, 0.85)))
    assert alarms == 0


@pytest.mark.slow
def test_accuracies_that_vary_from_day_to_day_raise_no_alarm():
    """Simulation, seed 3: each day's accuracy is beta with a standard deviation of five points."""
    rng, alarms = np.random.default_rng(3), 0
    for _ in range(20):
        alarms += len(found(np.full(180, 2_000), rng.binomial(2_000, rng.beta(40, 10, 180))))
    assert alarms <= 1


def test_a_mix_that_moves_as_expected_is_not_a_change_against_the_expectation():
    n, hits = np.full((60, 1), 300), np.r_[np.full(40, 270), np.full(20, 210)][:, None]
    assert len(found(n, hits)) == 1
    assert found(n, hits, hits + 6.0) == ()


def test_a_truth_that_moves_away_from_the_expectation_is_a_change_while_the_share_stands():
    n, hits = np.full((60, 1), 300), np.full((60, 1), 240)
    expected = np.r_[np.full(40, 246.0), np.full(20, 285.0)][:, None]
    assert found(n, hits) == ()
    [change] = found(n, hits, expected)
    assert change.difference.value == pytest.approx(-0.13)


def test_weekends_of_their_own_raise_no_alarm():
    is_weekend = weekdays(120) >= 5
    assert found(np.where(is_weekend, 300, 600), np.where(is_weekend, 180, 540)) == ()


def test_a_slice_is_found_while_the_whole_stands():
    n = np.tile([400, 60], (60, 1))
    hits = np.tile([340, 51], (60, 1))
    hits[40:] = [330, 36]  # the slice loses 25 points, the whole 2.5
    [change] = found(n, hits)
    assert change.group == 1


def test_a_change_that_stays_is_the_new_normal():
    changes = found(np.full(110, 200), np.r_[np.full(40, 180), np.full(70, 140)])
    assert [(change.first, change.last, change.ended) for change in changes] == [(40, 40 + LONGEST, "stayed")]


def test_a_small_difference_is_not_worth_a_message():
    n, hits = np.full(70, 50_000), np.r_[np.full(40, 45_000), np.full(30, 43_500)]
    assert found(n, hits) == ()
    assert len(found(n, hits, least=0.02)) == 1


def test_no_later_day_moves_a_verdict():
    rng = np.random.default_rng(4)
    n, hits = np.full(70, 300), rng.binomial(300, np.r_[np.full(42, 0.9), np.full(28, 0.7)])
    [whole] = found(n, hits)
    [then] = found(n[: whole.found + 1], hits[: whole.found + 1])
    assert (then.first, then.found, then.difference) == (whole.first, whole.found, whole.difference)
    assert found(n[: whole.found], hits[: whole.found]) == ()


def test_days_without_outcomes_are_skipped():
    n, hits = np.full(60, 300), np.r_[np.full(42, 270), np.full(18, 200)]
    for gap in (41, 43):
        n[gap] = hits[gap] = 0
    [change] = found(n, hits)
    assert (change.first, change.found) == (42, 44)


@pytest.mark.parametrize("rows", [0, 1])
def test_with_too_few_rows_nothing_is_found(rows):
    assert found(np.full(60, rows), np.r_[np.full(45, rows), np.zeros(15, int)]) == ()


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"n": [1, 2]}, "n must have shape"),
        ({"hits": [[3], [1]]}, "hits must have the shape of n"),
        ({"expected": [[3.0], [1.0]]}, "expected must have the shape of n"),
        ({"expected": [[float("nan")], [1.0]]}, "expected must"),
        ({"weekday": [0]}, "weekday must have length 2"),
        ({"least": 0.0}, "least must be in"),
        ({"level": 1.0}, "level must be in"),
    ],
)
def test_an_error_names_the_bad_argument(changed, complaint):
    sound = {"n": [[2], [2]], "hits": [[1], [2]], "expected": None, "weekday": [0, 1], "least": 0.05, "level": 0.95}
    with pytest.raises(ValueError, match=complaint):
        find_figure_changes(**(sound | changed))
