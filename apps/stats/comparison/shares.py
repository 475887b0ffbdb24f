"""Tests of one figure against another, by the ends of their intervals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scipy import stats

from apps.stats.estimate import Estimate
from apps.stats.intervals import LEVEL, t_quantile


@dataclass(frozen=True)
class ShareTest:
    """Test of a share against another one.

    Attributes
    ----------
    t, df, p_value : float or None
        Difference in standard errors, its degrees of freedom (None: normal), and the p-value.
    code : str or None
        Why there is no test: the code of the estimate without a value, or `exact` where both shares are known without
        uncertainty.
    """

    t: float | None
    df: float | None
    p_value: float | None
    code: str | None = None


def compare_share(
    figure: Estimate,
    against: Estimate | float,
    *,
    alternative: Literal["two-sided", "greater"] = "two-sided",
    level: float = LEVEL,
) -> ShareTest:
    """Test a share against a fixed one, or against the share of other items.

    The standard error of each is that of the end of its interval that faces the other. So p is below 1 − level exactly
    where the interval excludes a fixed share, by whichever method it was made; two shares add their errors in squares.

    Parameters
    ----------
    figure : Estimate
        The share to test, with its interval.
    against : Estimate or float in (0, 1)
        The share to compare it with. An estimate must come from other items: the test takes the two as independent.
    alternative : {"two-sided", "greater"}
        "greater" tests whether the figure is above `against`.
    level : float, in (0, 1)
        Confidence level of the intervals.

    Returns
    -------
    ShareTest

    Raises
    ------
    ValueError
        If a value is not a share, an estimate has no interval, a fixed share is not inside (0, 1), or the alternative
        is unknown.

    References
    ----------
    Newcombe (1998), Interval estimation for the difference between independent proportions, method 10; Welch (1947) for
    the degrees of freedom.

    Examples
    --------
    >>> test = compare_share(Estimate(0.7, 0.58, 0.8, "hajek", 60, se=0.055, df=50.0), 0.5)
    >>> round(test.t, 2), round(test.p_value, 4)
    (3.35, 0.0016)
    """
    if alternative not in ("two-sided", "greater"):
        raise ValueError(f"alternative must be two-sided or greater, got {alternative!r}")
    other = against if isinstance(against, Estimate) else _fixed(against)
    for side in (figure, other):
        if side.value is None:
            return ShareTest(None, None, None, code=side.code)
        if not 0 <= side.value <= 1:
            raise ValueError(f"a share must be in [0, 1], got {side.value}")
    if figure.method == other.method == "exact":
        return ShareTest(None, None, None, code="exact")
    share, reference = figure.value or 0.0, other.value or 0.0
    error, its_error = error_facing(figure, reference, level=level), error_facing(other, share, level=level)
    t = in_errors(share - reference, math.hypot(error, its_error))
    df = welch_df([(error**2, figure.df), (its_error**2, other.df)])
    tail = tail_of(abs(t) if alternative == "two-sided" else t, df)
    return ShareTest(t, df, 2 * tail if alternative == "two-sided" else tail)


def error_facing(figure: Estimate, other: float, *, level: float = LEVEL) -> float:
    """Return the standard error of a figure on the side of another number, from that end of its interval.

    Raises
    ------
    ValueError
        If the figure has no interval around its value, or the level is out of range.

    Examples
    --------
    >>> round(error_facing(Estimate(0.9, 0.8, 0.95, "logit-mod", 60), 0.5), 3)  # (.9 − .8)/1.96
    0.051
    """
    value, low, high = figure.value, figure.low, figure.high
    if value is None or low is None or high is None or not low <= value <= high:
        raise ValueError(f"the interval must hold the value, got {value} in [{low}, {high}]")
    facing = value - low if value > other else high - value
    return facing / t_quantile(level, math.inf if figure.df is None else figure.df)


def in_errors(difference: float, error: float) -> float:
    """Express a difference in standard errors; infinite where it has none.

    >>> in_errors(0.2, 0.1), in_errors(-0.2, 0.0), in_errors(0.0, 0.0)
    (2.0, -inf, 0.0)
    """
    if difference == 0:
        return 0.0
    return difference / error if error > 0 else math.copysign(math.inf, difference)


def tail_of(t: float, df: float | None) -> float:
    """Compute the probability above t, of Student's or, without degrees of freedom, the normal distribution.

    >>> tail_of(0.0, 10.0), round(tail_of(1.96, None), 4)
    (0.5, 0.025)
    """
    return float(stats.norm.sf(t) if df is None else stats.t.sf(t, df))


def welch_df(parts: Sequence[tuple[float, float | None]]) -> float | None:
    """Approximate the degrees of freedom of a sum of variances; None where all of them are known.

    Parameters
    ----------
    parts : sequence of (variance, degrees of freedom or None)
        None where the variance is known.

    References
    ----------
    Welch (1947), The generalization of "Student's" problem.

    Examples
    --------
    >>> welch_df([(1.0, 10.0), (1.0, 10.0)])
    20.0
    """
    total = sum(variance for variance, _ in parts)
    lost = sum((variance / total) ** 2 / df for variance, df in parts if df is not None and total > 0)
    return 1 / lost if lost > 0 else None


def _fixed(share: float) -> Estimate:
    if not 0 < share < 1:
        raise ValueError(f"against must be inside (0, 1), got {share}")
    return Estimate(float(share), share, share, "exact", 0, se=0.0)
