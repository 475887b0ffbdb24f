"""Ridge logistic regression by Newton's method."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from apps.stats.arrays import FloatArray, as_binary

ITERATIONS = 100
TOLERANCE = 1e-10


def ridge_logistic(features: ArrayLike, label: ArrayLike, *, penalty: float = 1.0) -> FloatArray:
    """Minimize −log likelihood + ½·penalty·Σβ²; the intercept bears no penalty.

    Parameters
    ----------
    features : array (n, k)
        Standardized, because the penalty treats all features alike.
    label : array (n,) of 0 or 1
        Both must occur.
    penalty : float, positive
        Weight of Σβ².

    Returns
    -------
    array (1 + k,)
        Intercept, then one coefficient per feature.

    Raises
    ------
    ValueError
        If shapes differ, a value is not finite, only one label occurs, the penalty is not positive, or the features are
        too large for a minimum to be reached.

    References
    ----------
    le Cessie and van Houwelingen (1992), Ridge estimators in logistic regression.

    Examples
    --------
    >>> ridge_logistic([[-1.0], [-1.0], [1.0], [1.0]], [0, 0, 1, 1])[1:].round(3)  # 4/(1 + exp β) = β
    array([1.043])
    """
    y = as_binary("label", label)
    table = as_features("features", features)
    if len(table) != len(y):
        raise ValueError(f"features must have {len(y)} rows, got {len(table)}")
    if len(np.unique(y)) < 2:
        raise ValueError("label must hold both 0 and 1")
    if not (np.isfinite(penalty) and penalty > 0):
        raise ValueError(f"penalty must be positive, got {penalty}")
    design = np.column_stack([np.ones(len(y)), table])
    ridge = np.append(0.0, np.full(table.shape[1], penalty))
    beta = np.zeros(design.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):  # features that overflow are refused below
        for _ in range(ITERATIONS):
            step = _newton_step(design, y, ridge, beta)
            if not np.isfinite(step).all():
                break
            beta = _downhill(design, y, ridge, beta, step)
            if np.abs(step).max() < TOLERANCE * (1 + np.abs(beta).max()):
                return beta
    raise ValueError("features are too large for a minimum to be reached; standardize them")


def as_features(name: str, values: ArrayLike) -> FloatArray:
    """Return a finite table (n, k) with k ≥ 1, or raise a ValueError that names the argument.

    >>> as_features("window", [1.0, 2.0])
    Traceback (most recent call last):
    ValueError: window must have shape (n, features), got (2,)
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] == 0:
        raise ValueError(f"{name} must have shape (n, features), got {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError(f"{name} holds nan or infinite values")
    return table


def _newton_step(design: FloatArray, y: FloatArray, ridge: FloatArray, beta: FloatArray) -> FloatArray:
    p = expit(design @ beta)
    # Certain rows keep a little weight, or the matrix would become singular.
    weight = np.maximum(p * (1 - p), 1e-12)
    hessian = (design * weight[:, None]).T @ design + np.diag(ridge)
    return np.asarray(np.linalg.solve(hessian, design.T @ (y - p) - ridge * beta), dtype=np.float64)


def _downhill(design: FloatArray, y: FloatArray, ridge: FloatArray, beta: FloatArray, step: FloatArray) -> FloatArray:
    """Take the step, halved until the loss does not rise."""
    before = _loss(design, y, ridge, beta)
    for _ in range(30):
        if _loss(design, y, ridge, beta + step) <= before * (1 + 1e-12):
            return beta + step
        step = step / 2
    return beta


def _loss(design: FloatArray, y: FloatArray, ridge: FloatArray, beta: FloatArray) -> float:
    score = design @ beta
    return float(np.logaddexp(0.0, score).sum() - y @ score + ridge @ beta**2 / 2)
