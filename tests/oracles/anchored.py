"""Simulated reviewers who follow the model: in 30 % of cases they agree with it whatever they see."""

import numpy as np

from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.confusion import confusion_of, evaluate
from tests.oracles.populations import N, poisson_draw, simulated

REPLICATES = 100
ANCHORED = 0.3


def answered(world, p, rng, *, q_agreed, anchored=ANCHORED, blind_error=0.0):
    """Draw and label items, and adjudicate q of those that agree with the model and all others."""
    rows = np.flatnonzero(poisson_draw(rng.random(N), p))
    truth, predicted = world.truth[rows], world.predicted[rows]
    follows = rng.random(len(rows)) < anchored
    own = np.where(rng.random(len(rows)) < blind_error, 1 - truth, truth) if blind_error else truth
    label = np.where(follows, predicted, own)
    q = np.where(label == predicted, q_agreed, 1.0)
    chosen = rng.random(len(rows)) < q
    settled = np.where(chosen, truth, np.nan)
    return world.items(rows, p, label=label, adjudicated=chosen, q=q, truth=settled)


def run(q_agreed, *, labels=500, seed=21, **reviewers):
    """Return the balanced population with its estimators, one for each replicate of the draw."""
    world = simulated("balanced")
    p = world.probabilities(labels)
    population, rng = world.population(p), np.random.default_rng(seed)
    samples = (answered(world, p, rng, q_agreed=q_agreed, **reviewers) for _ in range(REPLICATES))
    return world, [BinaryEstimator(population, sample) for sample in samples]


def with_labels_as_truth(estimator):
    """Return the estimator of the same items with every label taken as the truth."""
    s = estimator.sample
    known = {"predicted": s.predicted, "score": s.score, "pi": s.pi, "score_bins": s.score_bins}
    return BinaryEstimator(estimator.population, type(s).of(**known, label=s.label))


def accuracy(world):
    return evaluate("accuracy", confusion_of(world.predicted, world.truth))


def covered(figures, truth):
    return sum(figure.low <= truth <= figure.high for figure in figures)
