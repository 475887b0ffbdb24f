"""When two numbers count as the same answer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, BoolArray

# A difference of 0.1 is within a tolerance of 0.1, also where floats make it 0.10000000000000009.
ROUNDING = 1 + 1e-9


@dataclass(frozen=True)
class Tolerance:
    """Two numbers are the same answer if they differ by no more than `by`, or by this share of the larger one.

    Attributes
    ----------
    by : float, not negative, in the unit of the numbers
    share : float, not negative
        The larger of both allowances counts.

    Raises
    ------
    ValueError
        If one is negative, not finite or too large.

    Examples
    --------
    >>> Tolerance(share=0.05).holds([100.0, 100.0], [105.0, 106.0]).tolist()
    [True, False]
    """

    by: float = 0.0
    share: float = 0.0

    def __post_init__(self) -> None:
        for name, given in (("by", self.by), ("share", self.share)):
            if not 0 <= given <= LARGEST:
                raise ValueError(f"{name} must not be negative, nor beyond {LARGEST:.0e}, got {given}")

    @property
    def is_declared(self) -> bool:
        """Whether it allows any difference at all."""
        return self.by > 0 or self.share > 0

    def holds(self, one: ArrayLike, other: ArrayLike) -> BoolArray:
        """Tell which numbers (n,) are the same answer."""
        first, second = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
        allowed = np.maximum(self.by, self.share * np.maximum(np.abs(first), np.abs(second)))
        return np.asarray(np.abs(first - second) <= allowed * ROUNDING, dtype=np.bool_)
