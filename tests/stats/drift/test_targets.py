import numpy as np
import pytest

from apps.stats.drift.targets import below_target
from apps.stats.estimate import Estimate, missing


def look(value, n=400):
    se = (value * (1 - value) / n) ** 0.5
    return Estimate(value, value - 2 * se, value + 2 * se, "logit-mod", n, se=se)


def test_one_look_below_is_not_enough():
    assert not below_target([look(0.8)], target=0.9).is_below
    assert below_target([look(0.8), look(0.8)], target=0.9).since == 1


def test_it_ends_only_when_the_figure_reaches_its_target_again():
    below = [look(0.8), look(0.8)]
    assert below_target([*below, look(0.89)], target=0.9).is_below
    assert not below_target([*below, look(0.9)], target=0.9).is_below


def test_looks_that_are_early_or_missing_change_nothing():
    early = look(0.5, n=50)
    assert not below_target([early, early], target=0.9).is_below
    assert below_target([look(0.8), missing("no_labels"), look(0.8)], target=0.9).is_below


def test_daily_looks_at_a_figure_on_its_target_raise_few_alarms():
    """Simulation, seed 6: 91 looks of 100 outcomes each; a fixed interval would alarm in a third of the runs."""
    rng, alarms = np.random.default_rng(6), 0
    n = 100 * np.arange(1, 92)
    for _ in range(200):
        right = rng.binomial(100, 0.85, 91).cumsum()
        alarms += (
            below_target(
                [look(hits / rows, n=int(rows)) for hits, rows in zip(right, n, strict=True)], target=0.85
            ).since
            is not None
        )
    assert alarms <= 10


@pytest.mark.parametrize(("looks", "options"), [([], {}), ([look(0.8)], {"figures": 0}), ([look(0.8)], {"level": 1.0})])
def test_an_error_names_the_bad_argument(looks, options):
    with pytest.raises(ValueError, match=next(iter(options), "looks")):
        below_target(looks, target=0.9, **options)
