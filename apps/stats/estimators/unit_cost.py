"""Cost of the errors of a predicted number, with one rate for each direction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, FloatArray, as_floats


@dataclass(frozen=True)
class UnitCost:
    """Cost of an error in proportion to its size, with one rate for each direction; a `Loss`.

    Attributes
    ----------
    over, under : float, not negative, in money per unit
        Rate for predictions above, and below, the truth.
    dead_zone : float, not negative, in units
        Errors up to this size cost nothing; a larger error costs only what exceeds it.
    uses_amount : bool
        Whether the amount at stake multiplies the cost.

    Raises
    ------
    ValueError
        If one is negative, not finite or too large.

    Examples
    --------
    >>> UnitCost(over=1.0, under=4.0)(np.array([10.0, 10.0]), np.array([7.0, 12.0])).tolist()
    [3.0, 8.0]
    >>> UnitCost(over=1.0, under=4.0, dead_zone=2.0)(np.array([10.0, 10.0]), np.array([7.0, 12.0])).tolist()
    [1.0, 0.0]
    """

    over: float
    under: float
    dead_zone: float = 0.0
    uses_amount: bool = False

    def __post_init__(self) -> None:
        for name, given in (("over", self.over), ("under", self.under), ("dead_zone", self.dead_zone)):
            if not 0 <= given <= LARGEST:
                raise ValueError(f"{name} must not be negative, nor beyond {LARGEST:.0e}, got {given}")

    def __call__(self, predicted: ArrayLike, truth: ArrayLike) -> FloatArray:
        """Return the cost of each prediction (n,), per unit of its amount where amounts are used."""
        true = as_floats("truth", truth, largest=LARGEST)
        above = as_floats("predicted", predicted, length=len(true), largest=10 * LARGEST) - true
        too_high, too_low = (np.maximum(error - self.dead_zone, 0.0) for error in (above, -above))
        return np.asarray(self.over * too_high + self.under * too_low, dtype=np.float64)

    def of_rows(self, predicted: ArrayLike, truth: ArrayLike, amount: ArrayLike | None = None) -> FloatArray:
        """Compute the value of each plain row (n,): its cost below zero.

        Raises
        ------
        ValueError
            If lengths differ, or amounts are used and not given.

        Examples
        --------
        >>> UnitCost(over=1.0, under=4.0, uses_amount=True).of_rows([10.0], [7.0], [2.0]).tolist()
        [-6.0]
        """
        cost = self(predicted, truth)
        if not self.uses_amount:
            return -cost
        if amount is None:
            raise ValueError("amount is needed: the cost is per unit of amount")
        return -cost * as_floats("amount", amount, length=len(cost), largest=LARGEST)
