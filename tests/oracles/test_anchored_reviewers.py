"""Labels taken as the truth against the second phase, where reviewers err and follow the model.

Reviewers are wrong in 5 % of cases when they judge alone. At work they agree with the model in 30 % of cases whatever
they see. The second phase was .05 points off in the study and covered 95 %; here, 400 replicates: .05 points and 98 %.
"""

import numpy as np
import pytest

from tests.oracles.anchored import ANCHORED, REPLICATES, accuracy, covered, run, with_labels_as_truth

BLIND_ERROR = 0.05


def side_by_side(anchored):
    """Return the true accuracy, and its estimates by the second phase and with labels as the truth."""
    world, estimators = run(0.3, labels=1000, seed=22, anchored=anchored, blind_error=BLIND_ERROR)
    two_phase = [estimator.estimate("accuracy") for estimator in estimators]
    one_phase = [with_labels_as_truth(estimator).estimate("accuracy") for estimator in estimators]
    return accuracy(world), two_phase, one_phase


def bias(figures, truth):
    return float(np.mean([figure.value for figure in figures])) - truth


def noise(figures):
    return 4 * float(np.std([figure.value for figure in figures])) / np.sqrt(REPLICATES)


@pytest.mark.slow
def test_anchored_reviewers_do_not_mislead_the_second_phase():
    truth, two_phase, one_phase = side_by_side(ANCHORED)
    assert abs(bias(two_phase, truth)) < noise(two_phase)
    assert abs(bias(two_phase, truth)) < 0.004
    assert covered(two_phase, truth) >= 89
    # By accident: what reviewers overlook and what they invent cancel, except for .6 points.
    assert abs(bias(one_phase, truth)) < 0.01


@pytest.mark.slow
def test_the_second_phase_corrects_reviewers_who_err_on_their_own():
    truth, two_phase, one_phase = side_by_side(0.0)
    assert abs(bias(two_phase, truth)) < noise(two_phase)
    assert covered(two_phase, truth) >= 89
    assert bias(one_phase, truth) == pytest.approx(-0.039, abs=0.006)
