"""Sums and differences of independent estimates whose ranges need not be symmetric."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Ranged:
    """An estimate with its interval, all three in the same unit."""

    value: float
    low: float
    high: float

    def scaled(self, factor: float) -> "Ranged":
        """Multiply by a factor that is not negative."""
        return Ranged(self.value * factor, self.low * factor, self.high * factor)


def total(estimates: Iterable[Ranged]) -> Ranged:
    """Add independent estimates: their variances add, above and below the value each for itself (MOVER).

    References
    ----------
    Zou, G. Y. and Donner, A. (2008), Construction of confidence limits about effect measures: a general approach,
    Statistics in Medicine 27, 1693-1702.

    Examples
    --------
    >>> total([Ranged(10, 7, 13), Ranged(20, 16, 24)])
    Ranged(value=30, low=25.0, high=35.0)
    """
    parts = list(estimates)
    value = sum(part.value for part in parts)
    below = math.sqrt(sum((part.value - part.low) ** 2 for part in parts))
    above = math.sqrt(sum((part.high - part.value) ** 2 for part in parts))
    return Ranged(value, value - below, value + above)


def difference(one: Ranged, other: Ranged) -> Ranged:
    """Subtract an independent estimate: the total of the one and of the other with its sign turned.

    Examples
    --------
    >>> difference(Ranged(10, 7, 13), Ranged(20, 16, 24))
    Ranged(value=-10, low=-15.0, high=-5.0)
    """
    return total([one, Ranged(-other.value, -other.high, -other.low)])
