"""The errors of predicted numbers by name, and of plain rows."""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, FloatArray, as_floats
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.estimators.conclusion import NO_LIMITS
from apps.stats.intervals import UNIT, Limits
from apps.stats.tolerance import Tolerance

Loss = Callable[[FloatArray, FloatArray], FloatArray]

EXACTLY = Tolerance()
NOT_NEGATIVE: Limits = (0.0, math.inf)
#: Metrics that are the mean of a loss, and those made of one.
MEANS = ("mae", "mse", "bias", "within")
METRICS = (*MEANS, "rmse", "r2")
#: What the loss of one prediction can be.
LIMITS: Mapping[str, Limits] = {"mae": NOT_NEGATIVE, "mse": NOT_NEGATIVE, "bias": NO_LIMITS, "within": UNIT}

_ROUNDING = 1e-14  # of numbers that should be equal, relative to the largest


def loss_of(metric: str, tolerance: Tolerance) -> Loss:
    """Return the loss whose mean is the metric; "within" is 1 where the prediction is right within the tolerance.

    >>> loss_of("within", Tolerance(by=1.0))(np.array([3.0, 5.0]), np.array([4.0, 7.0])).tolist()
    [1.0, 0.0]
    """
    losses: Mapping[str, Loss] = {
        "mae": lambda predicted, truth: np.abs(predicted - truth),
        "mse": lambda predicted, truth: (predicted - truth) ** 2,
        "bias": lambda predicted, truth: predicted - truth,
        "within": lambda predicted, truth: tolerance.holds(predicted, truth).astype(np.float64),
    }
    if metric not in losses:
        raise ValueError(f"unknown metric {metric!r}; known are {', '.join(METRICS)}")
    return losses[metric]


def uncorrected_error(
    metric: str,
    *,
    predicted: ArrayLike,
    truth: ArrayLike,
    tolerance: Tolerance = EXACTLY,
    is_complete: bool = False,
) -> Estimate:
    """Compute a metric of plain rows: of answered items as if they were the population, or of a complete window.

    Parameters
    ----------
    metric : str
        A name in `METRICS`.
    predicted, truth : array (n,)
        Predicted and true number of each row.
    tolerance : Tolerance
        What counts as right, for "within".
    is_complete : bool
        Whether the rows are the whole window, so that the figure is exact.

    Returns
    -------
    Estimate
        `no_labels` without rows; `no_variation` for r2 where all truths are equal.

    Raises
    ------
    ValueError
        If the metric is unknown, lengths differ or a number is not finite.

    Examples
    --------
    >>> uncorrected_error("rmse", predicted=[1.0, 2.0], truth=[1.0, 4.0]).value
    1.4142135623730951
    """
    if metric not in METRICS:
        raise ValueError(f"unknown metric {metric!r}; known are {', '.join(METRICS)}")
    true = as_floats("truth", truth, largest=LARGEST)
    numbers, n = as_floats("predicted", predicted, length=len(true), largest=LARGEST), len(true)
    if n == 0:
        return missing("no_labels")
    if metric == "r2":
        total, errors = float(((true - true.mean()) ** 2).sum()), float(((numbers - true) ** 2).sum())
        if not varies(total / n, true):
            return missing("no_variation", n=n)
        value = 1 - errors / total
    else:
        mean = float(loss_of("mse" if metric == "rmse" else metric, tolerance)(numbers, true).mean())
        value = math.sqrt(mean) if metric == "rmse" else mean
    return exactly(value, n=n) if is_complete else Estimate(value, None, None, "uncorrected", n)


def varies(variance: float, numbers: FloatArray) -> bool:
    """Say whether this variance of the numbers is more than rounding leaves of equal ones.

    >>> varies(1e-30, np.array([1.0, 1.0])), varies(0.25, np.array([1.0, 2.0]))
    (False, True)
    """
    return variance > (_ROUNDING * float(np.abs(numbers).max())) ** 2
