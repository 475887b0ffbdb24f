"""Intervals: Wilson's for a plain proportion, and logit-mod for everything drawn with known probability."""

import math
from dataclasses import dataclass

from scipy.special import expit, logit, ndtri, stdtrit

from apps.stats.arrays import as_level
from apps.stats.moderation import LARGEST_VARIANCE

LEVEL = 0.95

Limits = tuple[float, float]
UNIT: Limits = (0.0, 1.0)
#: Limits closer than this have met.
_NARROWEST = 1e-100
#: A logit end may lie at most this many half-widths from the estimate where the plain interval leaves the limits.
_FARTHEST_END = 1.5


@dataclass(frozen=True)
class Interval:
    """A value, its interval, and what the interval rests on.

    Attributes
    ----------
    value : float
        The estimate, held within its limits.
    low, high : float
        Ends of the interval, within the limits too.
    method : str
        "logit-mod", "plain-mod", "wilson-mod" (by the edge rule) or "exact" (no variance at all).
    se : float
        √V*, on the scale of the metric.
    df : float
        ν + ν₀, the degrees of freedom of the t quantile.
    is_boundary : bool
        The plain interval leaves the limits, so the edge rule made this one.
    """

    value: float
    low: float
    high: float
    method: str
    se: float
    df: float
    is_boundary: bool = False


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
    return _wilson(successes / n, n, float(ndtri((1 + as_level(level)) / 2)))


def logit_mod(
    value: float,
    *,
    variance: float,
    df: float,
    n: float,
    plug_in: float | None = None,
    limits: Limits = UNIT,
    is_cautious: bool = False,
    level: float = LEVEL,
) -> Interval:
    """Build the interval of a share from its moderated variance: by the logit, or by the edge rule near a limit.

    Where θ̂ ± q√V* lies inside the limits, the interval is expit(logit θ̂ ± q√V*/(θ̂(1−θ̂))). Else it is the hull of
    θ̂ ± q√V* cut to the limits, of Wilson's interval at min(n*, n) with n* = θ_a(1−θ_a)/V*, and, if θ̂ lies at least
    1/(2n) inside, of the logit ends, at most 1.5 q√V* from θ̂. Wilson's takes a normal quantile: it estimates no
    variance. Limits other than 0 and 1 are mapped to them and back.

    Parameters
    ----------
    value : float
        θ̂, not yet held within its limits.
    variance, df : float, not negative
        V* and its degrees of freedom (see `moderate`).
    n : float, not negative
        Labels that are not certain.
    plug_in : float, optional
        θ_a, the metric of m alone; θ̂ if left out.
    limits : (float, float)
        What the metric can be, whatever the missing labels say.
    is_cautious : bool
        Join the logit interval with θ̂ ± z√V*: few labels carry the variance, so errors are not those of a share.
    level : float, in (0, 1)
        Confidence level.

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        If a number is not finite, the variance negative, df not positive, or the level out of range.

    References
    ----------
    Korn and Graubard (1998), Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data; Wilson (1927).

    Examples
    --------
    >>> interval = logit_mod(0.9, variance=4e-4, df=14.0, n=100)
    >>> interval.method, round(interval.se, 3), round(interval.low, 3), round(interval.high, 3)
    ('logit-mod', 0.02, 0.848, 0.935)
    >>> interval = logit_mod(1.0, variance=1e-4, df=10.0, n=100, plug_in=0.99)
    >>> interval.method, round(interval.low, 3), interval.high
    ('wilson-mod', 0.963, 1.0)
    """
    se, q = _spread(variance, df, level, value, plug_in)
    low, high = limits
    if variance == 0 or high - low < _NARROWEST:
        known = _held(value, limits)
        return Interval(known, known, known, "exact", 0.0, df)
    share, own = (value - low) / (high - low), se / (high - low)
    z = float(ndtri((1 + level) / 2))
    is_inside = low < value - q * se and value + q * se < high
    if is_inside:
        ends = _logit_ends(share, q * own)
        if is_cautious:
            ends = min(ends[0], share - z * own), max(ends[1], share + z * own)
    else:
        expected = share if plug_in is None else (plug_in - low) / (high - low)
        ends = _edge_ends(share, own, q=q, z=z, n=max(n, 1.0), expected=expected)
    held = _held(value, limits)
    first, last = (low + (high - low) * end for end in ends)
    # Mapping there and back may round; the interval contains its value all the same, and stays within the limits.
    return Interval(
        held,
        _held(min(first, held), limits),
        _held(max(last, held), limits),
        "logit-mod" if is_inside else "wilson-mod",
        se,
        df,
        is_boundary=not is_inside,
    )


def plain_mod(
    value: float, *, variance: float, df: float, limits: Limits = (-math.inf, math.inf), level: float = LEVEL
) -> Interval:
    """Build the interval θ̂ ± q√V* of a metric on the plain scale (MCC, κ, value), cut to its limits.

    Parameters
    ----------
    value, variance, df, limits, level
        As for `logit_mod`.

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        As for `logit_mod`.

    Examples
    --------
    >>> interval = plain_mod(0.9, variance=0.01, df=1e9, limits=(-1.0, 1.0))
    >>> round(interval.low, 3), interval.high
    (0.704, 1.0)
    """
    se, q = _spread(variance, df, level, value, None)
    held = _held(value, limits)
    if variance == 0:
        return Interval(held, held, held, "exact", 0.0, df)
    low, high = _held(value - q * se, limits), _held(value + q * se, limits)
    return Interval(held, low, high, "plain-mod", se, df, is_boundary=held != value)


def log_mod(value: float, *, variance: float, df: float, least: float = 0.0, level: float = LEVEL) -> Interval:
    """Build the interval of a mean that cannot fall below a limit from its moderated variance, by the logarithm.

    Losses are skewed, and a sample that lacks the large ones has a low mean and a low variance. Of δ = θ̂ − least, the
    interval is δ·exp(±q√V*/δ), at most 1.5 q√V* above θ̂.

    Parameters
    ----------
    value, variance, df, level
        As for `logit_mod`.
    least : float
        What the mean is at least, whatever the missing labels say.

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        As for `logit_mod`.

    Examples
    --------
    >>> interval = log_mod(2.0, variance=0.25, df=10.0)
    >>> interval.method, round(interval.low, 3), round(interval.high, 3)
    ('log-mod', 1.146, 3.491)
    """
    se, q = _spread(variance, df, level, value, None)
    held = max(value, least)
    if variance == 0:
        return Interval(held, held, held, "exact", 0.0, df)
    above, reach = held - least, q * se
    relative = reach / above if above > 0 else math.inf
    near, far = above * math.exp(-relative), above + _FARTHEST_END * reach
    if relative < 1:
        far = min(far, above * math.exp(relative))
    return Interval(held, least + near, least + far, "log-mod", se, df, is_boundary=held != value)


def t_quantile(level: float, df: float) -> float:
    """Compute the two-sided quantile of Student's t.

    The bare special function takes a fiftieth of the time of `scipy.stats.t`, which checks its arguments.

    Parameters
    ----------
    level : float, in (0, 1)
        Confidence level.
    df : float, positive
        Degrees of freedom; may be infinite.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If level is outside (0, 1), or df is not positive or so small that the quantile exceeds every float.

    Examples
    --------
    >>> round(t_quantile(0.95, 10.0), 3)
    2.228
    """
    if not df > 0:
        raise ValueError(f"df must be positive, got {df}")
    quantile = float(stdtrit(df, (1 + as_level(level)) / 2))
    if not quantile <= 1e100:
        raise ValueError(f"df is too small for level {level}, got {df}")
    return quantile


def _spread(variance: float, df: float, level: float, value: float, plug_in: float | None) -> tuple[float, float]:
    """Check the numbers and return √V* and the quantile."""
    for name, given in (("value", value), ("variance", variance), ("df", df), ("plug_in", plug_in or 0.0)):
        if not math.isfinite(given):
            raise ValueError(f"{name} must be finite, got {given}")
    if not 0 <= variance <= LARGEST_VARIANCE:
        raise ValueError(f"variance must not be negative, nor beyond {LARGEST_VARIANCE:.0e}")
    return math.sqrt(variance), t_quantile(level, df)


def _held(value: float, limits: Limits) -> float:
    return min(max(value, limits[0]), limits[1])


def _logit_ends(share: float, reach: float) -> Limits:
    """Return the ends on the logit scale of a share in (0, 1), given the half-width on the plain scale."""
    middle, half = float(logit(share)), reach / (share * (1 - share))
    return float(expit(middle - half)), float(expit(middle + half))


def _edge_ends(share: float, se: float, *, q: float, z: float, n: float, expected: float) -> Limits:
    """Apply the edge rule to a share: the hull of the plain, Wilson's and, well inside, the logit interval."""
    reach, edge = q * se, 1 / (2 * n)
    low, high = _held(share - reach, UNIT), _held(share + reach, UNIT)
    plausible = min(max(expected, min(edge, 0.5)), max(1 - edge, 0.5))
    equivalent = plausible * (1 - plausible) / max(se, 1e-150) / max(se, 1e-150)
    by_score = _wilson(_held(share, UNIT), min(equivalent, n), z)
    low, high = min(low, by_score[0]), max(high, by_score[1])
    if edge <= share <= 1 - edge:
        by_logit = _logit_ends(share, reach)
        low = min(low, max(by_logit[0], share - _FARTHEST_END * reach, 0.0))
        high = max(high, min(by_logit[1], share + _FARTHEST_END * reach, 1.0))
    return low, high


def _wilson(share: float, n: float, q: float) -> Limits:
    square = q**2
    middle = (share * n + square / 2) / (n + square)
    half = q / (n + square) * math.sqrt(share * (1 - share) * n + square / 4)
    # At 0 and 1 the two terms cancel; rounding leaves 1e-17.
    low = 0.0 if share == 0 else max(0.0, middle - half)
    return low, 1.0 if share == 1 else min(1.0, middle + half)
