"""Intervals: Wilson's for a plain proportion, and logit-mod for everything drawn with known probability."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.special import expit, logit, stdtrit

from apps.stats.arrays import BoolArray, FloatArray, as_floats, as_level
from apps.stats.moderation import LARGEST_VARIANCE, NU_0, moderated_variance

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A value, its interval, and what the interval rests on.

    Attributes
    ----------
    value : float
        The estimate, clipped to [0, 1] where the metric lives there.
    low, high : float
        Ends of the interval.
    method : str
        "logit-mod", "plain-mod", "wilson" (at the boundary) or "exact" (no variance at all).
    se : float
        √V*, on the scale of the metric.
    df : float
        ν + ν₀, the degrees of freedom of the t quantile.
    is_boundary : bool
        The estimate is too near to 0 or 1 for the logit.
    """

    value: float
    low: float
    high: float
    method: str
    se: float
    df: float
    is_boundary: bool = False


@dataclass(frozen=True, eq=False)
class Intervals:
    """Many intervals: the fields of `Interval` as arrays (figures,)."""

    value: FloatArray
    low: FloatArray
    high: FloatArray
    method: NDArray[np.object_]
    se: FloatArray
    df: FloatArray
    is_boundary: BoolArray

    def of(self, index: int) -> Interval:
        """Pick one interval."""
        return Interval(
            float(self.value[index]),
            float(self.low[index]),
            float(self.high[index]),
            str(self.method[index]),
            float(self.se[index]),
            float(self.df[index]),
            is_boundary=bool(self.is_boundary[index]),
        )


def wilson_interval(successes: float, n: float, *, level: float = LEVEL) -> tuple[float, float]:
    """Compute Wilson's score interval for a proportion.

    Parameters
    ----------
    successes : float, in [0, n]
        May be fractional, for an effective sample size.
    n : float, positive
        Trials.
    level : float, in (0, 1)
        Confidence level.

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
    """Build the interval of an estimate from its design variance, moderated by the anticipated one.

    V_d = Σv rests on few labels and can be far too small; V_a rests on all of U.
    V* = max(V_d, (νV_d + ν₀V_a)/(ν + ν₀)) with ν = V_d²/Σv², and the quantile is t with ν + ν₀.

    Parameters
    ----------
    value : float
        θ̂, not yet clipped to [0, 1].
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
        Confidence level.
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
    >>> interval = logit_mod(0.9, design_terms=[1e-4] * 4, anticipated=4e-4, n=100)
    >>> interval.method, round(interval.se, 3), round(interval.low, 3), round(interval.high, 3)
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
) -> Intervals:
    """Build many intervals at once from moderated variances: logit, plain, or Wilson's at the boundary.

    Parameters
    ----------
    value : array (figures,)
        θ̂.
    variance, df : array (figures,)
        V* and its degrees of freedom.
    n, plug_in : array (figures,)
        As for `logit_mod`; plug_in may be nan.
    is_bounded : bool
        As for `logit_mod`, for all figures.
    level : float, in (0, 1)
        Confidence level.

    Returns
    -------
    Intervals

    Raises
    ------
    ValueError
        If lengths differ, a number is not finite, a variance is negative, df is not positive, or the level is
        outside (0, 1).
    """
    theta = as_floats("value", value, largest=LARGEST_VARIANCE)
    size, spread, expected = (
        as_floats(name, given, length=len(theta), allow_nan=name == "plug_in", largest=LARGEST_VARIANCE)
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
    clipped = np.clip(theta, 0.0, 1.0)
    safe = np.where(is_inside, clipped, 0.5)
    middle, half = logit(safe), q * se / (safe * (1 - safe))
    low, high = _wilson_at_boundary(clipped, expected, variance=spread, q=q)
    outside = np.where(spread == 0, "exact", "wilson")
    return Intervals(
        clipped,
        # expit(logit(x)) is not exactly x; clamp so that a zero-width interval still contains it.
        np.minimum(clipped, np.where(is_inside, expit(middle - half), low)),
        np.maximum(clipped, np.where(is_inside, expit(middle + half), high)),
        np.where(is_inside, "logit-mod", outside).astype(object),
        se,
        freedom,
        ~is_inside & (spread > 0),
    )


def t_quantile(level: float, df: float) -> float:
    """Compute the two-sided quantile of Student's t.

    The bare special function takes a fiftieth of the time of `scipy.stats.t`, which checks its arguments.

    Parameters
    ----------
    level : float, in (0, 1)
        Confidence level.
    df : float, positive
        Degrees of freedom.

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
    """Compute two-sided quantiles of t; with almost no degrees of freedom they exceed every float."""
    if (df <= 0).any():
        raise ValueError(f"df must be positive, got {float(df.min())}")
    quantiles = np.asarray(stdtrit(df, (1 + level) / 2), dtype=np.float64)
    if not (quantiles <= 1e100).all():
        raise ValueError(f"df is too small for level {level}, got {float(df.min())}")
    return quantiles


def _wilson_at_boundary(
    value: FloatArray, plug_in: FloatArray, *, variance: FloatArray, q: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Apply Wilson's interval at the effective size that the variance implies; a zero variance gives the value."""
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
    # At 0 and 1 the two terms cancel; rounding leaves 1e-17.
    low = np.where(share == 0, 0.0, np.maximum(0.0, middle - half))
    return low, np.where(share == 1, 1.0, np.minimum(1.0, middle + half))
