import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.reviewers.rogan_gladen import rogan_gladen_sensitivity_analysis


def share(value, se=0.02):
    return Estimate(value, max(0.0, value - se), min(1.0, value + se), "hajek", 400, se=se)


def test_the_correction_is_the_formula_written_out():
    """By hand: (.3 + .8 − 1)/(.9 + .8 − 1) = 1/7; variance (.02² + (6/7)²·.03² + (1/7)²·.04²)/.7²."""
    figure = rogan_gladen_sensitivity_analysis(share(0.3), share(0.9, 0.04), share(0.8, 0.03))
    se = math.sqrt(0.02**2 + (6 / 7) ** 2 * 0.03**2 + (1 / 7) ** 2 * 0.04**2) / 0.7
    assert (figure.value, figure.se) == pytest.approx((1 / 7, se))
    assert (figure.low, figure.high) == pytest.approx((1 / 7 - 1.959964 * se, 1 / 7 + 1.959964 * se))
    assert (figure.method, figure.n, figure.code) == ("rogan-gladen", 400, None)


def test_the_delta_method_is_the_spread_of_simulated_parts():
    """Simulation, seed 1: normal errors of all three parts."""
    rng, parts = np.random.default_rng(1), {"p": (0.3, 0.02), "se": (0.9, 0.02), "sp": (0.85, 0.015)}
    p, se, sp = (rng.normal(mean, error, 200_000) for mean, error in parts.values())
    figure = rogan_gladen_sensitivity_analysis(*(share(mean, error) for mean, error in parts.values()))
    assert figure.se == pytest.approx(((p + sp - 1) / (se + sp - 1)).std(), rel=0.02)


def test_reviewers_without_error_change_nothing():
    perfect = exactly(1.0, n=50)
    figure = rogan_gladen_sensitivity_analysis(share(0.3), perfect, perfect)
    assert (figure.value, figure.se) == pytest.approx((0.3, 0.02))


def test_a_correction_beyond_the_range_is_held_there_and_says_so():
    """Fewer positives than the specificity alone would give."""
    figure = rogan_gladen_sensitivity_analysis(share(0.05), share(0.9), share(0.8))
    assert (figure.value, figure.low, figure.code) == (0.0, 0.0, "boundary")
    assert figure.high > 0


@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.5, 0.5), (0.2, 0.7), (0.0, 1.0)])
def test_reviewers_no_better_than_chance_allow_no_correction(sensitivity, specificity):
    figure = rogan_gladen_sensitivity_analysis(share(0.3), share(sensitivity), share(specificity))
    assert (figure.code, figure.value) == ("no_discrimination", None)


def test_a_part_without_a_number_passes_its_reason_on():
    figure = rogan_gladen_sensitivity_analysis(share(0.3), missing("no_labels"), share(0.9))
    assert (figure.code, figure.n) == ("no_labels", 400)


@pytest.mark.parametrize(
    ("part", "complaint"),
    [
        (Estimate(1.2, 1.0, 1.3, "plain", 10, se=0.1), "must be a share"),
        (Estimate(0.9, 0.8, 1.0, "wilson", 10), "standard error"),
        (Estimate(0.9, 0.8, 1.0, "plain", 10, se=-0.1), "standard error"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_bad_parts_are_named(part, complaint, place):
    parts = [share(0.3), share(0.9), share(0.8)]
    parts[place] = part
    name = ("apparent", "sensitivity", "specificity")[place]
    with pytest.raises(ValueError, match=f"{name} .*{complaint}"):
        rogan_gladen_sensitivity_analysis(*parts)


def test_a_level_out_of_range_is_named():
    with pytest.raises(ValueError, match="level"):
        rogan_gladen_sensitivity_analysis(share(0.3), share(0.9), share(0.8), level=0.0)


SHARES = st.tuples(st.floats(0, 1), st.floats(0, 10))


@given(SHARES, SHARES, SHARES)
def test_whatever_the_parts_finite_numbers_or_a_code_come_out(apparent, sensitivity, specificity):
    figure = rogan_gladen_sensitivity_analysis(share(*apparent), share(*sensitivity), share(*specificity))
    if figure.value is None:
        assert figure.code == "no_discrimination"
    else:
        assert math.isfinite(figure.se)
        assert 0 <= figure.low <= figure.value <= figure.high <= 1
