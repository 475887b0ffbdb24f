"""Intervals: Wilson's for a plain proportion, and logit-mod for everything drawn with known probability."""

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike
from scipy import stats
from scipy.special import expit, logit

from apps.stats.arrays import as_floats

LEVEL = 0.95
NU_0 = 10.0


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


def wilson_interval(
    successes: float, n: float, *, level: float = LEVEL, quantile: float | None = None
) -> tuple[float, float]:
    """Wilson's score interval for a proportion.

    Parameters
    ----------
    successes : float, in [0, n]
        May be fractional, for an effective sample size.
    n : float, positive
    level : float, in (0, 1)
    quantile : float, optional
        Used in place of the normal quantile of `level`.

    Returns
    -------
    low, high : float

    Raises
    ------
    ValueError
        If n is not positive or successes is not between 0 and n.

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
    z = _two_sided(level) if quantile is None else quantile
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At the ends the two terms cancel; rounding would leave 1e-17.
    low = 0.0 if share == 0 else max(0.0, middle - half)
    high = 1.0 if share == 1 else min(1.0, middle + half)
    return low, high


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
        If the value is not finite, or a variance is negative or not finite.

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
    if not math.isfinite(value):
        raise ValueError(f"value must be finite, got {value}")
    variance, df = moderated_variance(design_terms, anticipated, nu_0=nu_0)
    se = math.sqrt(variance)
    q = float(stats.t.ppf((1 + level) / 2, df))
    if not is_bounded:
        return Interval(value, value - q * se, value + q * se, "plain-mod", se, df)
    edge = 1 / (2 * max(n, 1))
    if not edge <= value <= 1 - edge:
        return _at_boundary(min(max(value, 0.0), 1.0), plug_in, variance=variance, q=q, df=df)
    middle, half = logit(value), q * se / (value * (1 - value))
    return Interval(value, float(expit(middle - half)), float(expit(middle + half)), "logit-mod", se, df)


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
    terms = as_floats("design_terms", design_terms)
    if (terms < 0).any():
        raise ValueError("design_terms must not be negative")
    if not (math.isfinite(anticipated) and anticipated >= 0):
        raise ValueError(f"anticipated must be finite and not negative, got {anticipated}")
    design = float(terms.sum())
    # Scaled by the largest term, for the squares of tiny terms would underflow.
    scaled = terms / terms.max() if design > 0 else terms
    nu = float(scaled.sum() ** 2 / (scaled**2).sum()) if design > 0 else 0.0
    moderated = (nu * design + nu_0 * anticipated) / (nu + nu_0)
    return max(design, moderated), nu + nu_0


def _at_boundary(value: float, plug_in: float | None, *, variance: float, q: float, df: float) -> Interval:
    expected = value if plug_in is None else min(max(plug_in, 0.0), 1.0)
    se = math.sqrt(variance)
    if variance == 0:
        return Interval(value, value, value, "exact", se, df, is_boundary=False)
    effective = expected * (1 - expected) / variance
    low, high = (0.0, 1.0) if effective <= 0 else wilson_interval(value * effective, effective, quantile=q)
    return Interval(value, low, high, "wilson", se, df, is_boundary=True)


def _two_sided(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level}")
    return float(stats.norm.ppf((1 + level) / 2))
