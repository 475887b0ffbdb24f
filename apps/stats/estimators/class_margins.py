"""The margins of a table of several classes, and the derivatives of a metric by them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from apps.stats.arrays import FloatArray, IntArray
from apps.stats.estimators.class_rates import Counts


@dataclass(frozen=True, eq=False)
class Margins:
    """The margins of a table of counts or shares; every metric is a function of them.

    Attributes
    ----------
    right, predicted, true : array (classes,)
        By class: predicted and true, predicted, true.
    """

    right: FloatArray
    predicted: FloatArray
    true: FloatArray

    @classmethod
    def of_rows(cls, predicted: IntArray, truth: IntArray, *, classes: int) -> "Margins":
        """Count plain rows (n,) of class indices.

        Examples
        --------
        >>> Margins.of_rows(np.array([0, 1, 2]), np.array([0, 2, 2]), classes=3).true.tolist()
        [1.0, 0.0, 2.0]
        """
        rows = (predicted[predicted == truth], predicted, truth)
        return cls(*(np.bincount(row, minlength=classes).astype(np.float64) for row in rows))

    @classmethod
    def of_table(cls, table: FloatArray) -> "Margins":
        """Add up a table (classes, classes); row: predicted, column: true."""
        return cls(np.diag(table), table.sum(axis=1), table.sum(axis=0))

    @cached_property
    def size(self) -> float:
        """All predictions."""
        return float(self.predicted.sum())

    @property
    def shares(self) -> tuple[float, FloatArray, FloatArray]:
        """The share right, and the shares predicted and true of each class."""
        return float(self.right.sum() / self.size), self.predicted / self.size, self.true / self.size

    def each(self, labels: IntArray | slice = slice(None)) -> Counts:
        """Return some classes, each against the rest."""
        return Counts(self.right[labels], self.predicted[labels], self.true[labels], self.size)


@dataclass(frozen=True, eq=False)
class Slopes:
    """Derivatives of a metric by the margins.

    A prediction i with the truth j moves the metric by `by_predicted`[i] + `by_true`[j], and by `by_right`[i] more if
    i = j, up to a constant.

    Attributes
    ----------
    by_predicted, by_true, by_right : array (classes,)
    """

    by_predicted: FloatArray
    by_true: FloatArray
    by_right: FloatArray

    @property
    def reach(self) -> float:
        """How far the truth of a prediction can move the metric, at most."""
        right = self.by_true + self.by_right
        return float(max(right.max(), self.by_true.max()) - min(right.min(), self.by_true.min()))

    def under(self, predicted: IntArray, truth: IntArray) -> FloatArray:
        """Compute what the truth (n,) of each prediction (n,) moves the metric by; its class is known anyway."""
        return np.asarray(self.by_true[truth] + np.where(predicted == truth, self.by_right[predicted], 0.0))

    def spread(self, table: FloatArray) -> float:
        """Compute the variance of the linearized metric over a population with these shares (classes, classes).

        Examples
        --------
        >>> accuracy = Slopes(np.zeros(2), np.zeros(2), np.ones(2))
        >>> accuracy.spread(np.array([[0.5, 0.25], [0.25, 0.0]]))
        0.25
        """
        margins, own = Margins.of_table(table), self.by_predicted + self.by_true
        row, column = np.flatnonzero(self.by_predicted), np.flatnonzero(self.by_true)
        both = self.by_predicted[row] @ table[np.ix_(row, column)] @ self.by_true[column]
        mean = margins.predicted @ self.by_predicted + margins.true @ self.by_true + margins.right @ self.by_right
        square = (
            margins.predicted @ self.by_predicted**2
            + margins.true @ self.by_true**2
            + 2 * both
            + margins.right @ (self.by_right**2 + 2 * self.by_right * own)
        )
        return max(float(square - mean**2), 0.0)
