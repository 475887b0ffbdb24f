"""How far the mean of one part lies above the average of all, for many parts at once."""

import math
from dataclasses import replace

from apps.stats.arrays import as_level
from apps.stats.estimate import Estimate, exactly, missing


def level_of_each(many: int, *, level: float) -> float:
    """Return the level that each of so many intervals needs so that all of them hold at once.

    Parameters
    ----------
    many : int, positive
        Intervals, dependent or not.
    level : float, in (0, 1)
        Level at which all of them should hold.

    References
    ----------
    Šidák (1967), Rectangular confidence regions for the means of multivariate normal distributions.

    Examples
    --------
    >>> round(level_of_each(10, level=0.95), 5), level_of_each(1, level=0.95)
    (0.99488, 0.95)
    """
    return float(as_level(level) ** (1 / max(many, 1)))


def above_average(part: Estimate, rest: Estimate, *, share: float) -> Estimate:
    """Estimate how far the mean of a part lies above that of all: (1 − share)·(part − rest).

    The part is in the whole, so their difference would count its error twice; part and rest come from different items.
    The interval takes from each the end that faces the other, so skewed intervals stay skewed.

    Parameters
    ----------
    part, rest : Estimate
        Mean of the part, and of everything else, with intervals at the level wanted.
    share : float, in [0, 1)
        The part's share of the whole.

    Returns
    -------
    Estimate
        `n` counts the labels of the part. The code of a side without a value; `preliminary` if either side is.

    Raises
    ------
    ValueError
        If the share is not in [0, 1).

    References
    ----------
    Zou and Donner (2008), Construction of confidence limits about effect measures: a general approach (MOVER).

    Examples
    --------
    >>> part = Estimate(5.0, 4.0, 7.0, "plain-mod", 60)
    >>> rest = Estimate(2.0, 1.25, 2.75, "plain-mod", 400)
    >>> gap = above_average(part, rest, share=0.2)
    >>> gap.value, gap.low, round(gap.high, 3)
    (2.4000000000000004, 1.4000000000000001, 4.109)
    """
    if not 0 <= share < 1:
        raise ValueError(f"share must be in [0, 1), got {share}")
    for side in (part, rest):
        if side.value is None:
            return missing(side.code or "no_labels", n=part.n)
    gap = (part.value or 0.0) - (rest.value or 0.0)
    if part.method == rest.method == "exact":
        return exactly((1 - share) * gap, n=part.n)
    below = math.hypot(_down(part), _up(rest))
    above = math.hypot(_up(part), _down(rest))
    early = [side.labels_needed or 0 for side in (part, rest) if side.code == "preliminary"]
    figure = Estimate(gap, gap - below, gap + above, "mover", part.n, covered_share=part.covered_share)
    return replace(
        figure.scaled(1 - share),
        code="preliminary" if early else part.code or rest.code,
        labels_needed=max(early, default=0) or None,
    )


def _down(figure: Estimate) -> float:
    return 0.0 if figure.low is None or figure.value is None else figure.value - figure.low


def _up(figure: Estimate) -> float:
    return 0.0 if figure.high is None or figure.value is None else figure.high - figure.value
