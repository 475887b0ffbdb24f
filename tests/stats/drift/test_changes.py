import math

import numpy as np
import pytest
from scipy import stats

from apps.stats.drift.changes import LONGEST, find_changes
from apps.stats.drift.weeks_before import WeeksBefore

WEEKEND = np.array([0, 0, 0, 0, 0, 1, 1], dtype=bool)


def weekdays(days):
    return np.arange(days) % 7


def found(counts, **options):
    table = np.asarray(counts)
    return find_changes({"group": table}, weekdays(len(table)), **options)


def shares(days, share, rows=200):
    return np.tile(np.round(np.array(share) * rows), (days, 1)).astype(int)


def test_a_group_that_grows_from_8_to_98_percent_is_found_on_its_second_day():
    counts = np.r_[shares(40, [0.92, 0.08]), shares(8, [0.02, 0.98]), shares(20, [0.92, 0.08])]
    [change] = found(counts)
    assert (change.first, change.found, change.last, change.ended) == (40, 41, 47, "back")
    grown = next(move for move in change.moves if move.bin == 1)
    assert (grown.before.value, grown.now.value) == pytest.approx((0.08, 0.98))
    assert grown.now.low < 0.98 < grown.now.high


def test_a_category_of_8_percent_that_vanishes_is_found_on_its_second_day():
    rng = np.random.default_rng(3)
    usual = [0.08, 0.32, 0.3, 0.2, 0.1]
    gone = [0.0, 0.35, 0.33, 0.22, 0.1]
    [change] = found(np.r_[rng.multinomial(200, usual, 40), rng.multinomial(200, gone, 10)])
    assert change.first == 40
    assert change.found in (41, 42)
    assert change.moves[0].bin == 0


def test_a_shift_of_half_a_standard_deviation_is_found_within_a_week():
    rng = np.random.default_rng(5)
    edges = stats.norm.ppf(np.arange(1, 10) / 10)

    def days(mean, count):
        share = np.diff(stats.norm.cdf(edges, mean), prepend=0, append=1)
        return rng.multinomial(200, share, count)

    [change] = found(np.r_[days(0, 40), days(0.5, 14)])
    assert 39 <= change.first <= 41
    assert change.found < 47


@pytest.mark.slow
def test_quiet_series_raise_no_alarm():
    """Simulation, seed 7: 10 models of 12 series and 180 days, 40 to 2,000 rows a day."""
    rng, alarms = np.random.default_rng(7), 0
    for rows in np.geomspace(40, 2_000, 10).astype(int):
        counts = {f"series {bins}": rng.multinomial(rows, np.full(bins, 1 / bins), 180) for bins in range(2, 14)}
        alarms += len(find_changes(counts, weekdays(180)))
    assert alarms == 0


@pytest.mark.slow
def test_days_that_vary_more_than_independent_rows_raise_no_alarm():
    """Simulation, seed 8: shares of each day are Dirichlet, as if a day of 1,000 rows held 60 independent ones."""
    rng, alarms = np.random.default_rng(8), 0
    for _ in range(10):
        share = rng.dirichlet(np.full(8, 60 / 8), 180)
        alarms += len(found(rng.multinomial(1_000, share)))
    assert alarms <= 1


@pytest.mark.slow
def test_shares_that_stay_away_for_days_raise_few_alarms():
    """Simulation, seed 14: 10 half-years of 10 series; logits keep .7 of yesterday's move, shares are .30 ± .035."""
    rng, alarms = np.random.default_rng(14), 0
    for _ in range(10):
        logit = np.full((180, 10), math.log(3 / 7))
        for day in range(1, 180):
            logit[day] += 0.7 * (logit[day - 1] - logit[0]) + rng.normal(0, 0.12, 10)
        share = 1 / (1 + np.exp(-logit))
        counts = rng.multinomial(1_000, np.stack([share, 1 - share], axis=2))
        alarms += len(find_changes({f"series {place}": counts[:, place] for place in range(10)}, weekdays(180)))
    assert alarms <= 2


def test_days_that_are_alike_make_a_difference_of_a_week_likelier():
    """Three weeks of .6 and .4 by turns, three days each: the mean of a week varies more than of independent days."""
    weeks = WeeksBefore(shares(28, [0.5, 0.5]).astype(float)[None], weekdays(28))
    weeks.counts[0, :, 0] = np.where(np.arange(28) // 3 % 2, 120, 80)
    weeks.counts[0, :, 1] = 200 - weeks.counts[0, :, 0]
    for day in range(28):
        weeks.usual()
        weeks.add(day, np.array([True]))
    usual = weeks.usual()
    assert 0.1 < usual.alike[0] < 0.7  # two of three neighbors are the same, one is the opposite: 1/3
    one, seven = usual.persistence(np.array([1, 7]))[:, 0]
    assert one == 1
    assert seven > 1.2


def test_a_weekend_with_a_mix_of_its_own_raises_no_alarm():
    rng = np.random.default_rng(9)
    is_weekend = WEEKEND[weekdays(120)]
    share = np.where(is_weekend[:, None], [0.2, 0.8], [0.6, 0.4])
    assert found(rng.multinomial(np.where(is_weekend, 150, 500), share)) == ()


@pytest.mark.parametrize("rows", [200, 5_000])
def test_a_season_raises_no_alarm(rows):
    """A sinusoid of half a year: ±.3 standard deviations of a number, and shares that move by a third."""
    rng = np.random.default_rng(10)
    wave = np.sin(2 * math.pi * np.arange(365) / 182)
    edges = stats.norm.ppf(np.arange(1, 10) / 10)
    number = np.diff(stats.norm.cdf(edges - 0.3 * wave[:, None]), prepend=0, append=1)
    third = 0.3 * (1 + wave / 3)
    series = {
        "number": rng.multinomial(rows, number),
        "category": rng.multinomial(rows, np.column_stack([third, 1 - third])),
    }
    assert find_changes(series, weekdays(365)) == ()


def test_one_odd_day_is_not_a_change():
    counts = shares(60, [0.92, 0.08])
    counts[40] = [4, 196]
    assert found(counts) == ()


def test_a_change_that_stays_is_the_new_normal_and_the_way_back_another_change():
    counts = np.r_[shares(40, [0.9, 0.1]), shares(60, [0.4, 0.6]), shares(10, [0.9, 0.1])]
    stayed, back = found(counts)
    assert (stayed.first, stayed.last, stayed.ended) == (40, 40 + LONGEST, "stayed")
    assert (back.first, back.last, back.ended) == (100, None, None)


def test_a_change_that_begins_again_within_a_week_is_one_change():
    usual, other = [0.9, 0.1], [0.3, 0.7]
    counts = np.r_[shares(40, usual), shares(5, other), shares(4, usual), shares(5, other), shares(15, usual)]
    [change] = found(counts)
    assert (change.first, change.last) == (40, 53)


def test_no_later_day_moves_a_verdict():
    rng = np.random.default_rng(12)
    counts = np.r_[rng.multinomial(300, [0.5, 0.3, 0.2], 45), rng.multinomial(300, [0.2, 0.3, 0.5], 15)]
    [whole] = found(counts)
    [then] = found(counts[: whole.found + 1])
    assert (then.first, then.found, then.effect, then.moves) == (whole.first, whole.found, whole.effect, whole.moves)
    assert found(counts[: whole.found]) == ()


def test_days_without_rows_are_skipped():
    counts = np.r_[shares(42, [0.9, 0.1]), shares(7, [0.3, 0.7])]
    counts[WEEKEND[weekdays(49)]] = 0
    [change] = found(counts)
    assert (change.first, change.found) == (42, 43)


@pytest.mark.parametrize("counts", [np.zeros((60, 3), int), shares(60, [1.0, 0.0]), shares(12, [0.5, 0.5])])
def test_without_rows_a_second_bin_or_weeks_before_nothing_is_found(counts):
    assert found(counts) == ()


def test_few_rows_a_day_are_judged_by_the_week():
    counts = np.r_[np.tile([9, 1], (42, 1)), np.tile([1, 9], (14, 1))]
    [change] = found(counts)
    assert 42 <= change.found <= 48


def test_series_of_different_bins_are_judged_together():
    quiet = shares(60, [0.5, 0.25, 0.25])
    moved = np.r_[shares(45, [0.5, 0.5]), shares(15, [0.1, 0.9])]
    [change] = find_changes({"quiet": quiet, "moved": moved}, weekdays(60))
    assert change.series == "moved"


def test_a_burst_of_rows_counts_no_more_than_a_usual_day():
    """One day of ten times the rows and another mix: without the limit its week would look like it."""
    counts = shares(60, [0.9, 0.1])
    counts[45] = [600, 1_400]
    assert found(counts) == ()


@pytest.mark.parametrize(
    ("counts", "weekday", "options", "complaint"),
    [
        ([[1, 2]], [7], {}, "weekday must be below 7"),
        ([[1, 2]], [0, 1], {}, "counts of a must have shape"),
        ([1, 2], [0, 1], {}, "counts of a must have shape"),
        ([[1, -2]], [0], {}, "counts of a must not be below 0"),
        ([[1, 0.5]], [0], {}, "counts of a must hold whole numbers"),
        ([[1, 2]], [0], {"begins": 0.1, "ends": 0.2}, "ends must be between 0 and begins"),
    ],
)
def test_an_error_names_the_bad_argument(counts, weekday, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        find_changes({"a": counts}, weekday, **options)


def test_nothing_in_nothing_out():
    assert find_changes({}, [0, 1]) == ()
    assert find_changes({"a": np.zeros((0, 2))}, []) == ()
