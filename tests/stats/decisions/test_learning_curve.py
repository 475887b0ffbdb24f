"""Learning curves: known power laws are found again, and the advice follows from the ranges."""

import numpy as np
import pytest

from apps.stats.decisions.learning_curve import Trial, fit_power_law, learning_curve
from apps.stats.decisions.paired_gain import HeldOut
from apps.stats.decisions.retraining import advise

SIZES = np.array([100.0, 200.0, 400.0, 800.0, 1600.0])


def curve_of(limit, *, a=1.0, b=0.5, noise=0.3, n=4_000, seed=7):
    rng = np.random.default_rng(seed)
    cases = HeldOut.of(weight=np.ones(n), subject=np.arange(n), fold=np.arange(n) % 5)
    of_case = rng.normal(0, noise, n)
    of_case -= of_case.mean()
    trials = [Trial(size, of_case[None] + limit - a * size**-b) for size in SIZES]
    return learning_curve(trials, cases, rng=rng)


def test_exact_power_laws_are_found_again():
    """Closed form: gains without noise have one solution on the grid of exponents."""
    gains = np.stack([0.3 - 2.0 * SIZES**-0.5, 0.1 - 0.7 * SIZES**-1.0])
    found = fit_power_law(SIZES, gains, np.ones(5))
    assert found == pytest.approx(np.array([[2.0, 0.5, 0.3], [0.7, 1.0, 0.1]]), abs=1e-6)


def test_more_labels_never_make_it_worse():
    found = fit_power_law(SIZES, (0.1 + SIZES**-0.5)[None], np.ones(5))
    assert found[0, 0] == 0.0


def test_the_curve_continues_with_a_range_that_holds_the_truth():
    curve = curve_of(0.05)
    further = curve.at(6400.0)
    assert further.low < 0.05 - 6400.0**-0.5 < further.high
    assert curve.points[-1].gain.value == pytest.approx(0.05 - 1600.0**-0.5)


def test_nothing_is_said_beyond_four_times_the_labels():
    with pytest.raises(ValueError, match="within 4 times"):
        curve_of(0.05).at(6401.0)


@pytest.mark.parametrize(
    ("limit", "noise", "verdict"),
    [
        # 1,600 labels gain limit − 0.025; a half-width is 1.96·noise/√4000.
        (0.06, 0.3, "yes"),  # 0.035 ± 0.009
        (0.00, 0.3, "not_yet"),  # −0.025 ± 0.009
        (0.0255, 0.05, "no_gain"),  # 0.0005 ± 0.0016
        (0.015, 0.4, "no_gain"),  # −0.010 ± 0.012, and 0.0025 ± 0.006 at four times
        (0.025, 0.9, "cannot_tell"),  # 0.000 ± 0.028, and 0.0125 ± 0.014 at four times
        (0.04, 0.9, "not_yet"),  # 0.015 ± 0.028, and 0.0275 ± 0.014 at four times
    ],
)
def test_the_verdict_follows_from_the_range(limit, noise, verdict):
    assert advise(curve_of(limit, noise=noise), margin=0.005).verdict == verdict


def test_labels_that_would_tell_lie_between_now_and_four_times_as_many():
    """Gain limit − m^(−½) against 1.96·0.9/√4000·√(1600/m): equal at m = 2,900 for limit 0.04."""
    enough = advise(curve_of(0.04, noise=0.9), margin=0.005).enough
    assert enough == pytest.approx(2_900, rel=0.25)


def test_sizes_must_rise():
    cases = HeldOut.of(weight=np.ones(10), subject=np.arange(10), fold=np.arange(10) % 5)
    with pytest.raises(ValueError, match="rising order"):
        learning_curve(
            [Trial(2.0, np.ones((1, 10))), Trial(1.0, np.ones((1, 10)))], cases, rng=np.random.default_rng(0)
        )


def test_a_negative_margin_is_refused():
    with pytest.raises(ValueError, match="margin must not be negative"):
        advise(curve_of(0.05), margin=-1.0)
