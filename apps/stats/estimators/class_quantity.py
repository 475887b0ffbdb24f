"""The distribution of a quantity f(y) under the proxy of several classes, without a matrix of classes per cell."""

from dataclasses import dataclass

import numpy as np

from apps.stats.arrays import BoolArray, FloatArray, IntArray
from apps.stats.estimators.class_margins import Slopes
from apps.stats.estimators.class_proxy import ClassProxy
from apps.stats.estimators.value import ValueMatrix

# Bounds the working memory at kinds × classes.
_AT_ONCE = 1_000_000


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean, and second and fourth central moment, of f(y) for each prediction or cell (N,)."""

    mean: FloatArray
    second: FloatArray
    fourth: FloatArray


@dataclass(frozen=True, eq=False)
class ClassQuantity:
    """A quantity f(y) of predictions, by kind: the predicted class, or the pair of model's and baseline's class.

    Within a kind, only the chance to be right differs: a cell needs these numbers of its kind, and no row of classes.

    Attributes
    ----------
    right : array (kinds,)
        f where the prediction is right.
    wrong : array (kinds,)
        Mean of f where it is wrong.
    second, third, fourth : array (kinds,)
        Central moments of f where it is wrong.
    least, most : array (kinds,)
        Range of f over all truths.
    """

    right: FloatArray
    wrong: FloatArray
    second: FloatArray
    third: FloatArray
    fourth: FloatArray
    least: FloatArray
    most: FloatArray

    @property
    def varies(self) -> BoolArray:
        """Whether f depends on the truth, by kind."""
        return np.asarray(self.most > self.least)

    def moments(self, kind: IntArray, chance: FloatArray) -> Moments:
        """Mix right and wrong by the chance (N,) that each prediction of a kind (N,) is right.

        Examples
        --------
        >>> proxy = ClassProxy(np.zeros(3), np.ones(3), np.array([[0, 0.5, 0.5], [1, 0, 0], [0.5, 0.5, 0]]))
        >>> right = of_slopes(Slopes(np.zeros(3), np.zeros(3), np.ones(3)), proxy)
        >>> right.moments(np.array([0, 1]), np.array([0.9, 0.5])).second.round(2).tolist()
        [0.09, 0.25]
        """
        miss, apart = 1 - chance, self.wrong[kind] - self.right[kind]
        second, third, fourth = self.second[kind], self.third[kind], self.fourth[kind]
        # Right lies miss·apart below the mean, wrong on average chance·apart above it.
        above, both = chance * apart, chance * miss
        return Moments(
            mean=self.right[kind] + miss * apart,
            second=both * apart**2 + miss * second,
            fourth=both * (miss**3 + chance**3) * apart**4
            + miss * (6 * above**2 * second + 4 * above * third + fourth),
        )


def of_slopes(slopes: Slopes, proxy: ClassProxy) -> ClassQuantity:
    """Describe what a truth moves a metric by, by predicted class; O(classes) for a metric of one class."""
    by_true, right = slopes.by_true, slopes.by_true + slopes.by_right
    some, ordered = np.flatnonzero(by_true), np.sort(by_true)
    weight = proxy.instead[:, some]
    # All other classes move it by nothing.
    nothing = np.maximum(1 - weight.sum(axis=1), 0.0) * (len(some) < len(by_true))
    moments = _moments(np.broadcast_to(by_true[some], weight.shape), weight, nothing)
    least = np.where(by_true == ordered[0], ordered[1], ordered[0])
    most = np.where(by_true == ordered[-1], ordered[-2], ordered[-1])
    return ClassQuantity(*np.vstack([right, moments, np.minimum(right, least), np.maximum(right, most)]))


def of_values(matrix: ValueMatrix, predicted: IntArray, baseline: IntArray | None, proxy: ClassProxy) -> ClassQuantity:
    """Describe the value of a decision, less the baseline's where given, for each kind of decision (kinds,)."""
    rows, step = np.arange(len(predicted)), max(_AT_ONCE // len(proxy.instead), 1)
    found = np.zeros((7, len(rows)))
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        values = matrix.by_truth(predicted[some], None if baseline is None else baseline[some])
        found[0, some] = values[np.arange(len(some)), predicted[some]]
        found[1:5, some] = _moments(values, proxy.instead[predicted[some]], np.zeros(len(some)))
        found[5:, some] = values.min(axis=1), values.max(axis=1)
    return ClassQuantity(*found)


def _moments(values: FloatArray, weight: FloatArray, nothing: FloatArray) -> FloatArray:
    """Compute mean and central moments 2 to 4 (4, kinds) of values (kinds, some); `nothing` weighs a value of 0."""
    mean = (weight * values).sum(axis=1)
    apart = values - mean[:, None]
    central = [(weight * apart**power).sum(axis=1) + nothing * (-mean) ** power for power in (2, 3, 4)]
    return np.array([mean, *central])
