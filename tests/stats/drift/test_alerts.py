import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.stats.drift.alerts import THRESHOLDS, judge_drift
from apps.stats.drift.bins import number_bins
from apps.stats.drift.choice import EFFECTS, drift_test
from apps.stats.drift.histograms import histogram
from apps.stats.drift.result import DriftTest, untested

TESTS = st.lists(
    st.one_of(
        st.builds(
            DriftTest,
            st.floats(0, 5),
            st.sampled_from(["psi", "js"]),
            st.floats(0, 1),
            st.just(9),
            st.just(9),
            st.just("null"),
        ),
        st.just(untested("psi", "too_few", n=3, m=3)),
    ),
    max_size=20,
)


def drift(effect, p_value, name="psi"):
    return DriftTest(effect, name, p_value, 2000, 2000, f"{name}-null")


def test_every_verdict_has_its_reason():
    verdicts = judge_drift([drift(0.3, 1e-4), drift(0.05, 1e-4), drift(0.3, 0.2), untested("psi", "one_bin", n=9, m=9)])
    assert [verdict.reason for verdict in verdicts] == ["drifted", "small_effect", "may_be_chance", "not_tested"]
    assert [verdict.is_alert for verdict in verdicts] == [True, False, False, False]
    assert verdicts[0].q_value == pytest.approx(1.5e-4)  # two of three tests have this p: p·3/2
    assert verdicts[3].test.code == "one_bin"


def test_a_lone_finding_may_be_chance_among_many_tests():
    assert judge_drift([drift(0.3, 0.04)])[0].is_alert
    assert not judge_drift([drift(0.3, 0.04)] + [drift(0.0, 0.9)] * 20)[0].is_alert


def test_an_effect_at_its_threshold_is_not_above_it():
    assert judge_drift([drift(0.1, 1e-9)])[0].reason == "small_effect"
    assert judge_drift([drift(0.1, 1e-9)], thresholds={"psi": 0.05})[0].reason == "drifted"


def test_every_effect_has_a_threshold():
    assert {*EFFECTS, "ks"} <= set(THRESHOLDS)


@pytest.mark.slow
def test_chance_raises_no_alert_over_many_features_and_windows():
    """Simulation, seed 51: 25 rounds of 48 windows of 200 rows; the rule "PSI > 0.1" fires nine times a round."""
    rng, alerts, by_rule = np.random.default_rng(51), 0, 0
    for _ in range(25):
        tests = []
        for _ in range(12):
            reference = rng.normal(size=300)
            bins = number_bins(reference)
            first = histogram(reference, bins=bins)
            tests += [drift_test(first, histogram(rng.normal(size=200), bins=bins)) for _ in range(4)]
        alerts += any(verdict.is_alert for verdict in judge_drift(tests))
        by_rule += sum(test.effect > 0.1 for test in tests) / 25
    assert alerts <= 4
    assert by_rule > 5


@given(TESTS)
def test_an_alert_is_always_significant_and_large(tests):
    for verdict in judge_drift(tests):
        assert verdict.is_alert == (
            verdict.q_value is not None and verdict.q_value < 0.05 and verdict.test.effect > verdict.threshold
        )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"level": 0.0}, "level must be"),
        ({"level": math.nan}, "level must be"),
        ({"thresholds": {"js": 0.1}}, "thresholds lack psi"),
        ({"thresholds": {"psi": math.nan}}, "not be negative: psi"),
        ({"thresholds": {"psi": -0.1}}, "not be negative: psi"),
    ],
)
def test_bad_input_is_named(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        judge_drift([drift(0.3, 0.01)], **change)
