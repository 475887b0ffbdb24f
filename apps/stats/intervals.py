"""Intervals: Wilson's for a plain proportion, and logit-mod for everything drawn with known probability."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.special import expit, logit, stdtrit

from apps.stats.arrays import BoolArray, FloatArray, as_floats, as_level

LEVEL = 0.95
NU_0 = 10.0

_MOST = 1e250  # of a variance, so that sums of many are still numbers


@dataclass(frozen=True)
class Interval:
    """A value with its interval and with what the interval was made from.

    Attributes
    ----------
    value : float
        The estimate, held in [0, 1] where the metric lives there.
    low, high : float
    method : str
        "logit-mod", "plain-mod", "wilson" (at the boundary) or "exact" (no variance at all).
    se : float
        √V*, on the scale of the metric.
    df : float
        ν + ν₀, the degrees of freedom of the t quantile.
    is_boundary : bool
        The estimate was too near to 0 or 1 for the logit.
    """

    value: float
    low: float
    high: float
    method: str
    se: float
    df: float
    is_boundary: bool = False


def wilson_interval(successes: float, n: float, *, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's score interval for a proportion.

    Parameters
    ----------
    successes : float, in [0, n]
        May be fractional, for an effective sample size.
    n : float, positive
    level : float, in (0, 1)

    Returns
    -------
    low, high : float

    Raises
    ------
    ValueError
        If n is not positive, successes is not between 0 and n, or the level is out of range.

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference.

    Examples
    --------
    >>> [round(end, 4) for end in wilson_interval(8, 10)]
    [0.4902, 0.9433]
    """
    if not (math.isfinite(n) and n > 0):
        raise ValueError(f"n must be positive, got {n}")
    if not 0 <= successes <= n:
        raise ValueError(f"successes must be between 0 and n, got {successes}")
    low, high = _wilson(successes / n, n, float(stats.norm.ppf((1 + as_level(level)) / 2)))
    return float(low), float(high)


def logit_mod(
    value: float,
    *,
    design_terms: ArrayLike,
    anticipated: float,
    n: int,
    plug_in: float | None = None,
    is_bounded: bool = True,
    level: float = LEVEL,
    nu_0: float = NU_0,
) -> Interval:
    """Interval of an estimate from its design variance, moderated by the anticipated one.

    V_d = Σ terms is estimated from few labels and can be far too small; V_a comes from all of U.
    V* = max(V_d, (νV_d + ν₀V_a)/(ν + ν₀)) with ν = V_d²/Σ terms², and the quantile is t with ν + ν₀.

    Parameters
    ----------
    value : float
        θ̂, not yet held in [0, 1].
    design_terms : array (n,), not negative
        The terms v of V_d.
    anticipated : float, not negative
        V_a.
    n : int
        Labels used.
    plug_in : float, optional
        θ_a, the metric of m alone; fixes the effective size at the boundary.
    is_bounded : bool
        True for metrics in [0, 1] (logit scale), False for MCC, κ and value (plain scale).
    level : float, in (0, 1)
    nu_0 : float
        Weight of the anticipated variance, in degrees of freedom.

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        If the value or plug-in is not finite, a variance is negative or not finite, or the level is out of range.

    References
    ----------
    Smyth (2004) for the moderated variance; Korn and Graubard (1998) for proportions near 0 and 1.

    Examples
    --------
    >>> found = logit_mod(0.9, design_terms=[1e-4] * 4, anticipated=4e-4, n=100)
    >>> found.method, round(found.se, 3), round(found.low, 3), round(found.high, 3)
    ('logit-mod', 0.02, 0.848, 0.935)
    >>> logit_mod(1.0, design_terms=[0.0], anticipated=1e-4, n=100, plug_in=0.99).method
    'wilson'
    """
    if plug_in is not None and not math.isfinite(plug_in):
        raise ValueError(f"plug_in must be finite or left out, got {plug_in}")
    variance, df = moderated_variance(design_terms, anticipated, nu_0=nu_0)
    return interval_around(
        np.array([value]),
        variance=np.array([variance]),
        df=np.array([df]),
        n=np.array([n]),
        plug_in=np.array([np.nan if plug_in is None else plug_in]),
        is_bounded=is_bounded,
        level=level,
    ).of(0)


def interval_around(
    value: ArrayLike,
    *,
    variance: ArrayLike,
    df: ArrayLike,
    n: ArrayLike,
    plug_in: ArrayLike,
    is_bounded: bool,
    level: float = LEVEL,
) -> "Intervals":
    """Intervals of many estimates at once, from moderated variances: logit, plain, or Wilson's at the boundary.

    Parameters
    ----------
    value, variance, df, n, plug_in : array (figures,)
        As for `logit_mod`; plug_in may be nan.
    is_bounded : bool
    level : float

    Returns
    -------
    Intervals

    Raises
    ------
    ValueError
        If lengths differ, a number is not finite, a variance is negative, df is not positive, or the level is
        outside (0, 1).
    """
    theta = as_floats("value", value, largest=_MOST)
    size, spread, expected = (
        as_floats(name, given, length=len(theta), allow_nan=name == "plug_in", largest=_MOST)
        for name, given in (("n", n), ("variance", variance), ("plug_in", plug_in))
    )
    if (spread < 0).any():
        raise ValueError("variance must not be negative")
    freedom = as_floats("df", df, length=len(theta))
    se, q = np.sqrt(spread), _quantiles(freedom, as_level(level))
    if not is_bounded:
        method, nowhere = np.full(len(theta), "plain-mod", dtype=object), np.zeros(len(theta), dtype=np.bool_)
        return Intervals(theta, theta - q * se, theta + q * se, method, se, freedom, nowhere)
    edge = 1 / (2 * np.maximum(size, 1))
    is_inside = (edge <= theta) & (theta <= 1 - edge)
    held = np.clip(theta, 0.0, 1.0)
    safe = np.where(is_inside, held, 0.5)
    middle, half = logit(safe), q * se / (safe * (1 - safe))
    low, high = _wilson_at_boundary(held, expected, variance=spread, q=q)
    outside = np.where(spread == 0, "exact", "wilson")
    return Intervals(
        held,
        # There and back through the logit rounds: a width of nothing would pass the value by.
        np.minimum(held, np.where(is_inside, expit(middle - half), low)),
        np.maximum(held, np.where(is_inside, expit(middle + half), high)),
        np.where(is_inside, "logit-mod", outside).astype(object),
        se,
        freedom,
        ~is_inside & (spread > 0),
    )


@dataclass(frozen=True, eq=False)
class Intervals:
    """Many intervals, as arrays (figures,) with the fields of `Interval`."""

    value: FloatArray
    low: FloatArray
    high: FloatArray
    method: NDArray[np.object_]
    se: FloatArray
    df: FloatArray
    is_boundary: BoolArray

    def of(self, at: int) -> Interval:
        """One of them."""
        return Interval(
            float(self.value[at]),
            float(self.low[at]),
            float(self.high[at]),
            str(self.method[at]),
            float(self.se[at]),
            float(self.df[at]),
            is_boundary=bool(self.is_boundary[at]),
        )


def moderated_variance(design_terms: ArrayLike, anticipated: float, *, nu_0: float = NU_0) -> tuple[float, float]:
    """V* and its degrees of freedom ν + ν₀.

    Parameters
    ----------
    design_terms : array (n,), not negative
    anticipated : float, not negative
    nu_0 : float

    Returns
    -------
    variance, df : float

    Raises
    ------
    ValueError
        If a variance is negative or not finite.

    Examples
    --------
    >>> moderated_variance([0.0, 0.0], 0.5)
    (0.5, 10.0)
    """
    terms = as_floats("design_terms", design_terms, largest=_MOST)
    if (terms < 0).any():
        raise ValueError("design_terms must not be negative")
    design = float(terms.sum())
    # Scaled by the largest term, for the squares of tiny terms would underflow.
    scaled = terms / terms.max() if design > 0 else terms
    nu = float(scaled.sum() ** 2 / (scaled**2).sum()) if design > 0 else 0.0
    variance, df = moderate([design], [nu], [anticipated], nu_0=nu_0)
    return float(variance[0]), float(df[0])


def moderate(
    design: ArrayLike, nu: ArrayLike, anticipated: ArrayLike, *, nu_0: float = NU_0
) -> tuple[FloatArray, FloatArray]:
    """V* = max(V_d, (νV_d + ν₀V_a)/(ν + ν₀)) and ν + ν₀, figure by figure.

    Raises
    ------
    ValueError
        If lengths differ, a number is negative or not finite, or ν₀ is not positive.

    Examples
    --------
    >>> variance, df = moderate([1.0], [30.0], [2.0])
    >>> variance.tolist(), df.tolist()
    ([1.25], [40.0])
    """
    if not (math.isfinite(nu_0) and nu_0 > 0):
        raise ValueError(f"nu_0 must be positive, got {nu_0}")
    by_design = as_floats("design", design, largest=_MOST)
    freedom = as_floats("nu", nu, length=len(by_design))
    expected = as_floats("anticipated", anticipated, length=len(by_design), largest=_MOST)
    for name, given in (("design", by_design), ("nu", freedom), ("anticipated", expected)):
        if (given < 0).any():
            raise ValueError(f"{name} must not be negative")
    own = freedom / (freedom + nu_0)
    return np.maximum(by_design, own * by_design + (1 - own) * expected), freedom + nu_0


def _wilson_at_boundary(
    value: FloatArray, plug_in: FloatArray, *, variance: FloatArray, q: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Wilson's interval at the effective size that the variance says; the value itself where there is none."""
    expected = np.where(np.isnan(plug_in), value, np.clip(plug_in, 0.0, 1.0))
    spread = expected * (1 - expected)
    effective = np.divide(spread, np.maximum(variance, 1e-100), out=np.zeros_like(value), where=variance > 0)
    low, high = _wilson(value, np.where(effective > 0, effective, 1.0), q)
    low, high = np.where(effective > 0, low, 0.0), np.where(effective > 0, high, 1.0)
    return np.where(variance == 0, value, low), np.where(variance == 0, value, high)


def _wilson(share: ArrayLike, n: ArrayLike, q: ArrayLike) -> tuple[FloatArray, FloatArray]:
    share, n, square = np.asarray(share), np.asarray(n), np.square(q)
    middle = (share * n + square / 2) / (n + square)
    half = q / (n + square) * np.sqrt(share * (1 - share) * n + square / 4)
    # At the ends the two terms cancel; rounding would leave 1e-17.
    low = np.where(share == 0, 0.0, np.maximum(0.0, middle - half))
    return low, np.where(share == 1, 1.0, np.minimum(1.0, middle + half))


def t_quantile(level: float, df: float) -> float:
    """Two-sided quantile of t, by the bare special function: scipy.stats checks its arguments for fifty times as long.

    Parameters
    ----------
    level : float, in (0, 1)
    df : float, positive

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If level is outside (0, 1) or df is not positive.

    Examples
    --------
    >>> round(t_quantile(0.95, 10.0), 3)
    2.228
    """
    return float(_quantiles(as_floats("df", [df]), as_level(level))[0])


def _quantiles(df: FloatArray, level: float) -> FloatArray:
    """Two-sided quantiles of t; at next to no degrees of freedom they are beyond all numbers."""
    if (df <= 0).any():
        raise ValueError(f"df must be positive, got {float(df.min())}")
    found = np.asarray(stdtrit(df, (1 + level) / 2), dtype=np.float64)
    if not (found <= 1e100).all():
        raise ValueError(f"df is too small for level {level}, got {float(df.min())}")
    return found
