"""The expected truth of a model with several classes, by predicted class and bin of the top probability."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from apps.stats.arrays import FloatArray, IntArray
from apps.stats.estimators.recalibration import mean_one_weights, recalibrate
from apps.stats.estimators.sample import Sample

PRIOR_COUNT = 0.5


@dataclass(frozen=True, eq=False)
class ClassProxy:
    """m: expected one-hot truth by predicted class and bin of the top probability.

    Attributes
    ----------
    intercept, slope : array (classes,)
        By predicted class: the recalibration of the top probability, on the logit scale.
    instead : array (classes, classes)
        By predicted class: shares of the true classes where it is wrong. Rows sum to 1, the diagonal is 0.
    """

    intercept: FloatArray
    slope: FloatArray
    instead: FloatArray

    def chance(self, predicted: IntArray, logit: FloatArray) -> FloatArray:
        """Compute the chance that each prediction (N,) is right, given the logit of its top probability (N,)."""
        return np.asarray(expit(self.intercept[predicted] + self.slope[predicted] * logit), dtype=np.float64)


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
    # A class without labels keeps its score.
    intercept, slope = np.zeros(classes), np.ones(classes)
    for label in np.unique(sample.predicted):
        rows = sample.predicted == label
        fitted = recalibrate(logit[rows], truth[rows] == label, sample.overall[rows])
        intercept[label], slope[label] = fitted.intercept, fitted.slope
    counts = np.full((classes, classes), PRIOR_COUNT)
    if len(truth):
        np.add.at(counts, (sample.predicted, truth), mean_one_weights(sample.overall))
    np.fill_diagonal(counts, 0.0)
    return ClassProxy(intercept, slope, counts / counts.sum(axis=1, keepdims=True))
