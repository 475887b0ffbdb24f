"""Moderated variances: the design variance of few labels, steadied by the anticipated one."""

import math

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import FloatArray, as_floats

#: Weight of the anticipated variance, in degrees of freedom.
NU_0 = 10.0
#: Variances stay below this, so that sums of many remain finite.
LARGEST_VARIANCE = 1e250


def degrees_of_freedom(terms: ArrayLike) -> float:
    """Compute ν_r = (Σv)²/Σv² of the terms of a design variance; 0 where they are all zero.

    It is largest exactly when no rare, heavy error was drawn, so it never stands alone: see `moderate`.

    Parameters
    ----------
    terms : array (n,), not negative
        The terms v of V_d.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a term is negative or not finite.

    Examples
    --------
    >>> degrees_of_freedom([1.0, 1.0, 1.0]), degrees_of_freedom([0.0])
    (3.0, 0.0)
    """
    values = as_floats("terms", terms, largest=LARGEST_VARIANCE)
    if (values < 0).any():
        raise ValueError("terms must not be negative")
    largest = float(values.max(initial=0.0))
    if largest == 0:
        return 0.0
    scaled = values / largest  # because the squares of tiny terms underflow
    return float(scaled.sum() ** 2 / (scaled**2).sum())


def anticipated_degrees(first: ArrayLike, fourth: ArrayLike) -> FloatArray:
    """Compute ν_a = (Σ o κ₂)²/Σ o²(1+o) κ₄: the degrees of freedom that a draw may be expected to give.

    Parameters
    ----------
    first : array (figures,), not negative
        Σ o κ₂, the part of V_a that the draw adds, as a total.
    fourth : array (figures,), not negative
        Σ o²(1+o) κ₄ and what a second phase adds, as a total.

    Returns
    -------
    array (figures,)
        Infinite where nothing is left to chance.

    References
    ----------
    Satterthwaite (1946), An approximate distribution of estimates of variance components.

    Examples
    --------
    >>> anticipated_degrees([10.0, 0.0], [5.0, 0.0])
    array([20., inf])
    """
    numerator = as_floats("first", first, largest=LARGEST_VARIANCE)
    denominator = as_floats("fourth", fourth, length=len(numerator))
    # Squared last: the square of a total may overflow.
    ratio = np.divide(numerator, np.sqrt(denominator), out=np.full(len(numerator), np.inf), where=denominator > 0)
    return np.asarray(ratio**2, dtype=np.float64)


def moderate(
    design: ArrayLike, nu: ArrayLike, anticipated: ArrayLike, *, nu_0: float = NU_0
) -> tuple[FloatArray, FloatArray]:
    """Moderate variances: V* = max(V_d, (νV_d + ν₀V_a)/(ν + ν₀)).

    Parameters
    ----------
    design, anticipated : array (figures,), not negative
        V_d and V_a.
    nu : array (figures,), not negative
        ν = min(ν_r, ν_a), the degrees of freedom of V_d.
    nu_0 : float, positive
        Weight of V_a, in degrees of freedom.

    Returns
    -------
    variance, df : array (figures,)
        V* and ν + ν₀.

    Raises
    ------
    ValueError
        If lengths differ, a number is negative or not finite, or ν₀ is not positive.

    References
    ----------
    Smyth (2004), Linear models and empirical Bayes methods for assessing differential expression in microarray
    experiments.

    Examples
    --------
    >>> variance, df = moderate([1.0], [30.0], [2.0])
    >>> variance.tolist(), df.tolist()
    ([1.25], [40.0])
    """
    if not (math.isfinite(nu_0) and nu_0 > 0):
        raise ValueError(f"nu_0 must be positive, got {nu_0}")
    by_design = as_floats("design", design, largest=LARGEST_VARIANCE)
    freedom = as_floats("nu", nu, length=len(by_design))
    expected = as_floats("anticipated", anticipated, length=len(by_design), largest=LARGEST_VARIANCE)
    for name, given in (("design", by_design), ("nu", freedom), ("anticipated", expected)):
        if (given < 0).any():
            raise ValueError(f"{name} must not be negative")
    own = freedom / (freedom + nu_0)
    return np.maximum(by_design, own * by_design + (1 - own) * expected), freedom + nu_0
