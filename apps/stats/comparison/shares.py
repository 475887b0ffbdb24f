"""Tests of one share against another, on the logit scale of the intervals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scipy import stats
from scipy.special import logit

from apps.stats.estimate import Estimate


@dataclass(frozen=True)
class ShareTest:
    """Test of a share against another one.

    Attributes
    ----------
    t, df, p_value : float or None
        Difference of the logits in standard errors, its degrees of freedom (None: normal), and the p-value.
    code : str or None
        Why there is no test: the code of the estimate without a value, or `exact` where both shares are known without
        uncertainty.
    """

    t: float | None
    df: float | None
    p_value: float | None
    code: str | None = None


def compare_share(
    figure: Estimate, against: Estimate | float, *, alternative: Literal["two-sided", "greater"] = "two-sided"
) -> ShareTest:
    """Test a share against a fixed one, or against the share of other items.

    Parameters
    ----------
    figure : Estimate
        The share to test.
    against : Estimate or float in (0, 1)
        The share to compare it with. An estimate must come from other items: the test takes the two as independent.
    alternative : {"two-sided", "greater"}
        "greater" tests whether the figure is above `against`.

    Returns
    -------
    ShareTest
        For a share with a Wilson interval, the variance is that of a share at the effective size, moved half a case
        away from 0 and 1.

    Raises
    ------
    ValueError
        If a value is not a share, a fixed share is not inside (0, 1), or the alternative is unknown.

    References
    ----------
    Welch (1947) for the degrees of freedom; Agresti (2013), Categorical Data Analysis, 3.1 for the logit and the
    half case.

    Examples
    --------
    >>> test = compare_share(Estimate(0.7, 0.58, 0.8, "hajek", 60, se=0.055, df=50.0), 0.5)
    >>> round(test.t, 2), round(test.p_value, 4)
    (3.24, 0.0022)
    """
    if alternative not in ("two-sided", "greater"):
        raise ValueError(f"alternative must be two-sided or greater, got {alternative!r}")
    other = against if isinstance(against, Estimate) else _fixed(against)
    for side in (figure, other):
        if side.value is None:
            return ShareTest(None, None, None, code=side.code)
    (position, variance), (other_position, other_variance) = _on_logit(figure), _on_logit(other)
    if variance + other_variance == 0:
        return ShareTest(None, None, None, code="exact")
    t = (position - other_position) / math.sqrt(variance + other_variance)
    df = welch_df([(variance, figure.df), (other_variance, other.df)])
    extreme = abs(t) if alternative == "two-sided" else t
    tail = float(stats.norm.sf(extreme) if df is None else stats.t.sf(extreme, df))
    return ShareTest(t, df, 2 * tail if alternative == "two-sided" else tail)


def welch_df(parts: Sequence[tuple[float, float | None]]) -> float | None:
    """Approximate the degrees of freedom of a sum of variances; None where all of them are known.

    Parameters
    ----------
    parts : sequence of (variance, degrees of freedom or None)
        None where the variance is known. The variances must not all be zero.

    References
    ----------
    Welch (1947), The generalization of "Student's" problem.

    Examples
    --------
    >>> welch_df([(1.0, 10.0), (1.0, 10.0)])
    20.0
    """
    total = sum(variance for variance, _ in parts)
    lost = sum((variance / total) ** 2 / df for variance, df in parts if df is not None)
    return 1 / lost if lost > 0 else None


def _fixed(share: float) -> Estimate:
    if not 0 < share < 1:
        raise ValueError(f"against must be inside (0, 1), got {share}")
    return Estimate(float(share), share, share, "exact", 0, se=0.0)


def _on_logit(side: Estimate) -> tuple[float, float]:
    """Return the logit of the share, and its variance on that scale."""
    share, se = side.value, side.se
    if share is None or not 0 <= share <= 1:
        raise ValueError(f"a share must be in [0, 1], got {share}")
    if se is not None and not (math.isfinite(se) and se >= 0):
        raise ValueError(f"se of a share must be finite and not negative, got {se}")
    size = max(side.n_eff or float(side.n), 1.0)
    is_inside = 1 / (2 * size) <= share <= 1 - 1 / (2 * size)
    moved = (share * size + 0.5) / (size + 1)
    if side.method == "exact":
        # An exact share has no variance; half a case only keeps the logit of 0 and 1 finite.
        return float(logit(share if 0 < share < 1 else moved)), 0.0
    if is_inside and se:
        return float(logit(share)), (se / (share * (1 - share))) ** 2
    return float(logit(moved)), 1 / (size * moved * (1 - moved))
