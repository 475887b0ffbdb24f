"""Confidence sequences: intervals that hold at every look at once, for alerts and for promoting a model."""

import math
from dataclasses import replace

from apps.stats.arrays import as_level
from apps.stats.estimate import Estimate
from apps.stats.intervals import LEVEL

FIRST_LOOK = 100


def confidence_sequence(
    figure: Estimate, *, first_look: int = FIRST_LOOK, level: float = LEVEL, is_bounded: bool = True
) -> Estimate:
    """Widen the interval of a figure to an asymptotic confidence sequence, valid at every look.

    It is 1.55 to 1.7 times as wide. Over twenty looks, a fixed 95 % interval misses at least once in three runs of
    ten. The half-width is σ̂√(2(nρ²+1)/(n²ρ²)·log(√(nρ²+1)/α)) with σ̂ = se·√n; ρ makes it narrowest at the first
    look.

    Parameters
    ----------
    figure : Estimate
        The figure at this look; n counts the labels so far.
    first_look : int, positive
        n₀, expected labels at the first look.
    level : float, in (0, 1)
        Confidence level of all looks together, from n₀ labels on.
    is_bounded : bool
        Whether the figure lives in [0, 1].

    Returns
    -------
    Estimate
        Method "sequence", `preliminary` before the first look. A figure without a value, standard error or labels
        comes back unchanged.

    Raises
    ------
    ValueError
        If first_look is not positive, level is outside (0, 1), or a bounded figure outside [0, 1].

    References
    ----------
    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2021), Time-uniform central limit theory and asymptotic confidence
    sequences, arXiv 2103.06476.

    Examples
    --------
    >>> look = confidence_sequence(Estimate(0.9, 0.87, 0.93, "logit-mod", 400, se=0.015))
    >>> round(look.low, 3), round(look.high, 3), look.method
    (0.853, 0.947, 'sequence')
    """
    factor = sequence_factor(max(figure.n, 1), first_look=first_look, level=level)
    if figure.value is None or figure.method == "exact" or figure.se is None or figure.n == 0:
        return figure
    if is_bounded and not 0 <= figure.value <= 1:
        raise ValueError(f"figure must be in [0, 1], got {figure.value}")
    half = figure.se * factor
    low, high = figure.value - half, figure.value + half
    if is_bounded:
        low, high = max(0.0, low), min(1.0, high)
    early = first_look - figure.n if figure.n < first_look else None
    needed = max(filter(None, (early, figure.labels_needed)), default=None)
    code = "preliminary" if early else figure.code
    return replace(figure, low=low, high=high, method="sequence", code=code, labels_needed=needed)


def sequence_factor(n: int, *, first_look: int = FIRST_LOOK, level: float = LEVEL) -> float:
    """Compute the half-width of the sequence in standard errors, in place of 1.96.

    Parameters
    ----------
    n : int, positive
        Labels at this look.
    first_look : int, positive
        n₀, expected labels at the first look.
    level : float, in (0, 1)
        Confidence level of all looks together.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If n or first_look is not positive or level is outside (0, 1).

    Examples
    --------
    >>> round(sequence_factor(100), 2), round(sequence_factor(1000), 2)
    (3.04, 3.24)
    """
    for name, labels in (("n", n), ("first_look", first_look)):
        if not 1 <= labels < math.inf:
            raise ValueError(f"{name} must be positive, got {labels}")
    alpha = 1 - as_level(level)
    rho2 = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / first_look
    spread = n * rho2 + 1
    return math.sqrt(2 * spread / (n * rho2) * math.log(math.sqrt(spread) / alpha))
