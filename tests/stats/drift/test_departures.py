import numpy as np
import pytest

from apps.stats.drift.departures import compare_with_reference

WEEKDAY = np.arange(35) % 7


def test_slow_drift_shows_against_the_reference():
    """The share falls by half a point a day; the PSI of the last week's (.345, .655) against (.5, .5) is .10."""
    share = 0.5 - 0.005 * np.arange(35)
    counts = np.column_stack([1_000 * share, 1_000 * (1 - share)]).astype(int)
    [departure] = compare_with_reference({"x": counts}, {"x": [5_000, 5_000]}, WEEKDAY)
    assert departure.effect == pytest.approx(0.10, abs=0.01)
    assert departure.q_value < 1e-6
    assert departure.moves[0].before.value == 0.5


def test_a_week_like_the_reference_does_not_depart():
    rng = np.random.default_rng(1)
    counts = {f"x{place}": rng.multinomial(300, [0.2] * 5, 35) for place in range(30)}
    departures = compare_with_reference(counts, dict.fromkeys(counts, [400] * 5), WEEKDAY)
    assert min(departure.q_value for departure in departures) > 0.05
    assert max(departure.effect for departure in departures) < 0.02


def test_a_series_that_cannot_be_compared_says_why():
    some, none = np.full((35, 2), 50), np.zeros((35, 2), int)
    given = {"fine": some, "silent": none, "new": some, "few": np.tile([2, 1], (35, 1)), "constant": some * [1, 0]}
    reference = {name: [100, 100] for name in given} | {"new": [0, 0], "constant": [100, 0]}
    codes = [departure.code for departure in compare_with_reference(given, reference, WEEKDAY)]
    assert codes == [None, "no_population", "no_reference", "too_few", "one_bin"]


@pytest.mark.parametrize("reference", [{}, {"x": [1]}, {"x": [1, -1]}])
def test_an_error_names_the_bad_argument(reference):
    with pytest.raises(ValueError, match="reference"):
        compare_with_reference({"x": np.ones((35, 2))}, reference, WEEKDAY)
