import math

import numpy as np
import pytest

from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.sequence import confidence_sequence, sequence_factor

LOOKS = np.arange(100, 2_001, 100)


def test_the_factor_equals_the_published_formula():
    """Waudby-Smith et al. (2021), theorem 2.2, written out for n = 500, n₀ = 100, α = .05."""
    rho2 = (-2 * math.log(0.05) + math.log(1 - 2 * math.log(0.05))) / 100
    half = math.sqrt(2 * (500 * rho2 + 1) / (500**2 * rho2) * math.log(math.sqrt(500 * rho2 + 1) / 0.05))
    assert sequence_factor(500) == pytest.approx(half * math.sqrt(500))


def test_a_sequence_is_about_half_as_wide_again_as_a_fixed_interval():
    """The method's study: 1.55 to 1.7 times."""
    ratios = [sequence_factor(n) / 1.96 for n in LOOKS]
    assert 1.5 < min(ratios) <= max(ratios) < 1.75


def test_twenty_looks_miss_at_most_once_in_twenty_runs():
    """Seed 40: running means of 2,000 labels. Fixed intervals miss somewhere in about three runs of ten."""
    rng, runs, truth = np.random.default_rng(40), 1_000, 0.8
    labels = (rng.random((runs, LOOKS[-1])) < truth).cumsum(axis=1)[:, LOOKS - 1]
    missed_fixed, missed = np.zeros(runs, bool), np.zeros(runs, bool)
    for look, n in enumerate(LOOKS):
        share = labels[:, look] / n
        se = np.sqrt(share * (1 - share) / n)
        missed_fixed |= np.abs(share - truth) > 1.96 * se
        missed |= np.abs(share - truth) > sequence_factor(int(n)) * se
    assert 0.2 < missed_fixed.mean() < 0.45
    assert missed.mean() <= 0.05


def test_a_sequence_is_preliminary_before_the_first_look():
    sequence = confidence_sequence(Estimate(0.5, 0.4, 0.6, "logit-mod", 40, se=0.05))
    assert (sequence.code, sequence.labels_needed) == ("preliminary", 60)


def test_a_sequence_stays_within_the_range_of_the_metric():
    figure = Estimate(0.99, 0.95, 0.999, "logit-mod", 120, se=0.02)
    assert confidence_sequence(figure).high == 1.0
    assert confidence_sequence(figure, is_bounded=False).high > 1.0


def test_a_figure_without_an_error_or_a_value_stays_unchanged():
    assert confidence_sequence(exactly(0.4, n=10)) == exactly(0.4, n=10)
    assert confidence_sequence(missing("no_labels")).code == "no_labels"
    uncorrected = Estimate(0.4, None, None, "uncorrected", 10)
    assert confidence_sequence(uncorrected) == uncorrected


@pytest.mark.parametrize("options", [{"first_look": 0}, {"level": 1.0}, {"level": float("nan")}])
def test_an_error_names_the_bad_argument(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        confidence_sequence(Estimate(0.5, 0.4, 0.6, "logit-mod", 40, se=0.05), **options)
