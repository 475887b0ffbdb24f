"""Ranges that also hold what chance decides about the truth: for comparing figures, not for stating one.

A figure of a window whose outcomes are all in is exact, and still another month with the same model would give another
one. Whether two groups differ, or a stated probability came true, asks for this range.
"""

import math

from scipy.special import ndtri

from apps.stats.arrays import as_level
from apps.stats.estimate import Estimate
from apps.stats.intervals import LEVEL, wilson_interval


def share_by_chance(figure: Estimate, *, size: float, level: float = LEVEL) -> tuple[float, float] | None:
    """Return the range of a share of `size` predictions, what labels leave open and what chance decides together.

    Parameters
    ----------
    figure : Estimate
        The share, with √V* and its own range at this level.
    size : float
        Predictions that it is a share of.
    level : float, in (0, 1)
        Confidence level.

    Returns
    -------
    (float, float) or None
        Never narrower than the figure's own range; None without a value.

    References
    ----------
    Wilson (1927), at the size of a plain sample with the variance V* + p(1−p)/N.

    Examples
    --------
    >>> from apps.stats.estimate import exactly
    >>> [round(end, 4) for end in share_by_chance(exactly(0.8, n=10), size=10)]
    [0.4902, 0.9433]
    """
    if figure.value is None or figure.low is None or figure.high is None or not size > 0:
        return None
    share = min(max(figure.value, 0.0), 1.0)
    spread, own = share * (1 - share), (figure.se or 0.0) ** 2
    equal = spread / (own + spread / size) if spread > 0 else min(size, figure.n_eff or size)
    low, high = wilson_interval(share * equal, equal, level=level) if equal > 0 else (0.0, 1.0)
    return min(low, figure.low), max(high, figure.high)


def mean_by_chance(figure: Estimate, *, spread: float, size: float, level: float = LEVEL) -> tuple[float, float] | None:
    """Return the range of a mean of `size` predictions whose terms have the variance `spread`, likewise.

    Examples
    --------
    >>> from apps.stats.estimate import exactly
    >>> [round(end, 3) for end in mean_by_chance(exactly(2.0, n=100), spread=4.0, size=100)]
    [1.608, 2.392]
    """
    if figure.value is None or figure.low is None or figure.high is None or not size > 0:
        return None
    half = float(ndtri((1 + as_level(level)) / 2)) * math.sqrt((figure.se or 0.0) ** 2 + max(spread, 0.0) / size)
    return min(figure.value - half, figure.low), max(figure.value + half, figure.high)


def joint_level(number: int, *, level: float = LEVEL) -> float:
    """Return the level at which each of so many ranges holds, so that all of them hold at once (Bonferroni).

    >>> round(joint_level(5), 4), joint_level(1)
    (0.99, 0.95)
    """
    return 1 - (1 - as_level(level)) / max(number, 1)
