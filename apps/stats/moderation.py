"""Moderated variances: the design variance of few labels, steadied by the anticipated one."""

import math

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import FloatArray, as_floats

#: Weight of the anticipated variance, in degrees of freedom.
NU_0 = 10.0
#: Variances stay below this, so that sums of many remain finite.
LARGEST_VARIANCE = 1e250


def moderated_variance(design_terms: ArrayLike, anticipated: float, *, nu_0: float = NU_0) -> tuple[float, float]:
    """Moderate one variance, V_d = Σv with ν = V_d²/Σv².

    Parameters
    ----------
    design_terms : array (n,), not negative
        The terms v of the design variance V_d.
    anticipated : float, not negative
        V_a, the variance that the proxy expects over the whole population.
    nu_0 : float, positive
        Weight of V_a, in degrees of freedom.

    Returns
    -------
    variance, df : float
        V* and ν + ν₀.

    Raises
    ------
    ValueError
        If a variance is negative or not finite.

    Examples
    --------
    >>> moderated_variance([0.0, 0.0], 0.5)
    (0.5, 10.0)
    """
    terms = as_floats("design_terms", design_terms, largest=LARGEST_VARIANCE)
    if (terms < 0).any():
        raise ValueError("design_terms must not be negative")
    design = float(terms.sum())
    # Scaled by the largest term, because the squares of tiny terms underflow.
    scaled = terms / terms.max() if design > 0 else terms
    nu = float(scaled.sum() ** 2 / (scaled**2).sum()) if design > 0 else 0.0
    variance, df = moderate([design], [nu], [anticipated], nu_0=nu_0)
    return float(variance[0]), float(df[0])


def moderate(
    design: ArrayLike, nu: ArrayLike, anticipated: ArrayLike, *, nu_0: float = NU_0
) -> tuple[FloatArray, FloatArray]:
    """Moderate many variances: V* = max(V_d, (νV_d + ν₀V_a)/(ν + ν₀)).

    Parameters
    ----------
    design, anticipated : array (figures,), not negative
        V_d and V_a.
    nu : array (figures,), not negative
        Degrees of freedom of V_d.
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
