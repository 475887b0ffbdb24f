import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.stats.delay.horizon import settle_outcomes

NAN = float("nan")
DAYS = st.floats(0, 200, width=16)


def test_the_rule_decides_where_no_outcome_has_come():
    settled = settle_outcomes([1, NAN, NAN], [20, NAN, NAN], [95, 95, 50], horizon=90, absent=0)
    assert settled.outcome[:2].tolist() == [1.0, 0.0]
    assert settled.delay[:2].tolist() == [20.0, 90.0]
    assert settled.known.tolist() == [True, True, False]
    assert (settled.due, settled.overdue, settled.response) == (2, 0, 1.0)


def test_without_a_rule_overdue_outcomes_are_non_response():
    settled = settle_outcomes([1, NAN, NAN], [20, NAN, NAN], [95, 95, 50], horizon=90)
    assert settled.known.tolist() == [True, False, False]
    assert (settled.due, settled.overdue, settled.response) == (2, 1, 0.5)


@pytest.mark.parametrize(("absent", "expected"), [(0, 0.0), (None, NAN)])
def test_an_outcome_after_the_horizon_does_not_count(absent, expected):
    settled = settle_outcomes([1], [120], [150], horizon=90, absent=absent)
    assert settled.outcome[0] == pytest.approx(expected, nan_ok=True)


def test_an_outcome_on_the_day_of_the_horizon_counts():
    assert settle_outcomes([1], [90], [90], horizon=90, absent=0).outcome.tolist() == [1.0]


def test_the_response_is_full_while_nothing_is_due():
    assert settle_outcomes([], [], [], horizon=90).response == 1.0


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"outcome": [NAN]}, "together"),
        ({"delay": [NAN]}, "together"),
        ({"delay": [6]}, "future"),
        ({"delay": [-1]}, "delay must not be negative"),
        ({"age": [-1]}, "age must not be negative"),
        ({"age": [1, 2]}, "must have length"),
        ({"horizon": -1}, "horizon must be"),
        ({"absent": NAN}, "absent must be finite"),
    ],
)
def test_bad_input_is_named(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        settle_outcomes(**({"outcome": [1], "delay": [3], "age": [5], "horizon": 90} | change))


@given(st.lists(st.tuples(DAYS, DAYS), max_size=10), st.floats(0.5, 150), st.sampled_from([None, 0, 1]))
def test_any_input_gives_each_known_outcome_a_delay(rows, horizon, absent):
    delay = np.array([waited if waited <= age else NAN for waited, age in rows])
    age = np.array([age for _, age in rows])
    settled = settle_outcomes(np.where(np.isnan(delay), NAN, 1.0), delay, age, horizon=horizon, absent=absent)
    assert (np.isnan(settled.outcome) == ~settled.known).all()
    assert (settled.delay[settled.known] <= np.minimum(horizon, age[settled.known])).all()
    assert 0 <= settled.response <= 1
    assert absent is None or settled.overdue == 0
