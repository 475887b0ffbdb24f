"""The expected truth of a model with several classes, by predicted class and bin of the top probability."""

from dataclasses import dataclass

import numpy as np

from apps.stats.arrays import FloatArray, IntArray
from apps.stats.estimators.recalibration import Recalibration, mean_one_weights, recalibrate
from apps.stats.estimators.sample import Sample

PRIOR_COUNT = 0.5


@dataclass(frozen=True, eq=False)
class ClassProxy:
    """m: expected one-hot truth by predicted class and bin of the top probability.

    Attributes
    ----------
    right : tuple of Recalibration
        By predicted class: the chance that it is right, given the top probability.
    instead : array (classes, classes)
        By predicted class: shares of the true classes where it is wrong. Rows sum to 1, the diagonal is 0.
    """

    right: tuple[Recalibration, ...]
    instead: FloatArray

    def predict(self, predicted: IntArray, logit: FloatArray) -> FloatArray:
        """Compute the expected one-hot truth (N, classes)."""
        chance = np.zeros(len(predicted))
        for label, recalibration in enumerate(self.right):
            rows = predicted == label
            chance[rows] = recalibration.predict(logit[rows])
        expected = (1 - chance)[:, None] * self.instead[predicted]
        expected[np.arange(len(predicted)), predicted] = chance
        return np.asarray(expected, dtype=np.float64)


def fit_class_proxy(sample: Sample, *, classes: int) -> ClassProxy:
    """Fit the proxy to answered items: Platt by predicted class, and smoothed shares of the true classes where wrong.

    Parameters
    ----------
    sample : Sample
        Answered items; the score is the top probability.
    classes : int
        Number of classes.

    Returns
    -------
    ClassProxy

    Examples
    --------
    >>> items = Sample.of(predicted=[0, 1, 2], score=[0.8, 0.7, 0.9], pi=[0.1] * 3, label=[0, 2, 2])
    >>> fit_class_proxy(items, classes=3).instead[1].tolist()
    [0.25, 0.0, 0.75]
    """
    truth, logit = sample.truth.astype(np.int64), sample.logit
    right = []
    for label in range(classes):
        rows = sample.predicted == label
        right.append(recalibrate(logit[rows], truth[rows] == label, sample.pi[rows]))
    counts = np.full((classes, classes), PRIOR_COUNT)
    if len(truth):
        np.add.at(counts, (sample.predicted, truth), mean_one_weights(sample.pi))
    np.fill_diagonal(counts, 0.0)
    return ClassProxy(tuple(right), counts / counts.sum(axis=1, keepdims=True))
