"""Rogan–Gladen beside the second phase, where reviewers follow the model and where they do not.

Reviewers are wrong in 5 % of cases when they judge alone, as on gold items shown without the model's answer. At work
they agree with the model in 30 % of cases whatever they see. By hand, with 11.2 % of predictions wrong, they report
.7·(.112·.95 + .888·.05) = 10.6 % of errors, and Rogan–Gladen makes (.106 − .05)/.9 = 6.2 % of that: 5.0 points off.
The study had 5.4 points and 4 % coverage, against .05 points and 95 % for the second phase; here, 400 replicates: 5.1
points and 6 %, .05 points and 98 %.
"""

import numpy as np
import pytest

from apps.stats.reviewers.quality import reviewer_quality
from apps.stats.reviewers.rogan_gladen import rogan_gladen_sensitivity_analysis
from tests.oracles.anchored import ANCHORED, REPLICATES, accuracy, at_word, covered, run

BLIND_ERROR = 0.05
REVIEWERS, GOLD = 20, 60


def on_gold(rng):
    """The team's rates of being right, from gold items answered without the model's answer."""
    truth = np.tile([0, 1], REVIEWERS * GOLD // 2)
    label = np.where(rng.random(len(truth)) < BLIND_ERROR, 1 - truth, truth)
    quality = reviewer_quality(np.repeat(np.arange(REVIEWERS), GOLD), label, truth)
    return quality.team_rate(truth=1, label=1), quality.team_rate(truth=0, label=0)


def side_by_side(anchored):
    """Accuracy by the second phase, by Rogan–Gladen and at word, with the truth.

    Reviewers err alike on both classes, so how often they agree with a right answer of the model is their sensitivity,
    and how often they contradict a wrong one their specificity.
    """
    world, estimators = run(0.3, labels=1000, seed=22, anchored=anchored, blind_error=BLIND_ERROR)
    rng = np.random.default_rng(23)
    two_phase = [estimator.estimate("accuracy") for estimator in estimators]
    words = [at_word(estimator).estimate("accuracy") for estimator in estimators]
    corrected = [rogan_gladen_sensitivity_analysis(word, *on_gold(rng)) for word in words]
    return accuracy(world), two_phase, corrected, words


def bias(figures, truth):
    return float(np.mean([figure.value for figure in figures])) - truth


def noise(figures):
    return 4 * float(np.std([figure.value for figure in figures])) / np.sqrt(REPLICATES)


def test_anchored_reviewers_mislead_rogan_gladen_by_points_and_the_second_phase_not_at_all():
    truth, two_phase, corrected, words = side_by_side(ANCHORED)
    assert bias(corrected, truth) == pytest.approx(0.050, abs=0.006)
    assert covered(corrected, truth) <= 15
    assert abs(bias(two_phase, truth)) < noise(two_phase)
    assert abs(bias(two_phase, truth)) < 0.004
    assert covered(two_phase, truth) >= 89
    # Worse than no correction: here what reviewers overlook and what they invent happen to cancel, but for .6 points.
    assert abs(bias(words, truth)) < 0.2 * abs(bias(corrected, truth))


def test_where_reviewers_err_as_on_gold_both_are_right():
    truth, two_phase, corrected, words = side_by_side(0.0)
    assert abs(bias(corrected, truth)) < noise(corrected) + 0.003
    assert covered(corrected, truth) >= 89
    assert abs(bias(two_phase, truth)) < noise(two_phase)
    assert covered(two_phase, truth) >= 89
    assert bias(words, truth) == pytest.approx(-0.039, abs=0.006)
