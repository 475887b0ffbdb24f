"""Precision, recall, specificity and F1 of each class against the rest, with derivatives and limits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from apps.stats.arrays import FloatArray

# A margin this small is a rounding error, nothing to divide by.
NOTHING = 1e-14


@dataclass(frozen=True, eq=False)
class Counts:
    """Right, predicted and true of some classes, each against the rest of `size` predictions."""

    right: FloatArray
    predicted: FloatArray
    true: FloatArray
    size: float


@dataclass(frozen=True, eq=False)
class RateOf:
    """A rate of each class, and its derivatives by that class's predicted, true and right predictions."""

    value: FloatArray
    by_predicted: FloatArray
    by_true: FloatArray
    by_right: FloatArray


@dataclass(frozen=True)
class Rate:
    """A rate of a class against the rest, and the reason code where its divisor is nothing."""

    of: Callable[[Counts], RateOf]
    divisor: Callable[[Counts], FloatArray]
    code: str

    def undefined(self, counts: Counts) -> str | None:
        """Say why the rate of a class has no value, or return None."""
        return None if self._is_defined(counts).all() else self.code

    def limits(self, certain: Counts, left: FloatArray, every: float) -> tuple[FloatArray, FloatArray]:
        """Bound the rate of each class over everything that the predictions without a certain truth could turn out.

        Parameters
        ----------
        certain : Counts
            What is known.
        left : array (classes,)
            Other predictions of each class.
        every : float
            Other predictions of all classes.

        Returns
        -------
        low, high : array (classes,)
            0 and 1 where the rate may be undefined.

        References
        ----------
        Horowitz and Manski (2000), Nonparametric analysis of randomized experiments with missing data.

        Examples
        --------
        >>> known = Counts(np.array([30.0]), np.array([40.0]), np.array([35.0]), 90.0)
        >>> low, high = RATES["precision"].limits(known, np.array([10.0]), 10.0)
        >>> low.tolist(), high.tolist()
        ([0.6], [0.8])
        """
        ends = [
            Counts(
                certain.right + left * hit,
                certain.predicted + left,
                certain.true + left * hit + (every - left) * missed,
                certain.size + every,
            )
            for hit in (0.0, 1.0)
            for missed in (0.0, 1.0)
        ]
        defined = np.all([self._is_defined(end) for end in ends], axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.array([self.of(end).value for end in ends])
        return np.where(defined, values.min(axis=0), 0.0), np.where(defined, values.max(axis=0), 1.0)

    def _is_defined(self, counts: Counts) -> np.ndarray:
        return np.asarray(self.divisor(counts) > NOTHING * counts.size)


def _precision(c: Counts) -> RateOf:
    return RateOf(c.right / c.predicted, -c.right / c.predicted**2, 0 * c.true, 1 / c.predicted)


def _recall(c: Counts) -> RateOf:
    return RateOf(c.right / c.true, 0 * c.true, -c.right / c.true**2, 1 / c.true)


def _specificity(c: Counts) -> RateOf:
    rest = c.size - c.true
    return RateOf((rest - c.predicted + c.right) / rest, -1 / rest, (c.right - c.predicted) / rest**2, 1 / rest)


def _f1(c: Counts) -> RateOf:
    both = c.predicted + c.true
    by_either = -2 * c.right / both**2
    return RateOf(2 * c.right / both, by_either, by_either, 2 / both)


RATES: Mapping[str, Rate] = {
    "precision": Rate(_precision, lambda counts: counts.predicted, "no_predicted_positives"),
    "recall": Rate(_recall, lambda counts: counts.true, "no_positives"),
    "specificity": Rate(_specificity, lambda counts: counts.size - counts.true, "no_negatives"),
    "f1": Rate(_f1, lambda counts: counts.true, "no_positives"),
}
