"""Groups of score bins, and the sums of pseudo-values in each."""

from dataclasses import dataclass

import numpy as np

from apps.stats.arrays import FloatArray, IntArray, sum_by
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.moderation import anticipated_degrees


@dataclass(frozen=True, eq=False)
class Groups:
    """The group of every cell and every item.

    Attributes
    ----------
    number : int
        Groups; some may be empty.
    of_cells : array (cells,) of int
        Group of each cell, 0 … number − 1.
    of_items : array (n,) of int
        Group of each item.
    """

    number: int
    of_cells: IntArray
    of_items: IntArray

    def sum_cells(self, values: FloatArray) -> FloatArray:
        """Sum values (cells,) by group."""
        return sum_by(self.of_cells, values, size=self.number)

    def sum_items(self, values: FloatArray) -> FloatArray:
        """Sum values (n,) by group."""
        return sum_by(self.of_items, values, size=self.number)

    def totals(self, pseudo: PseudoValues, coefficient_cells: FloatArray, coefficient_items: FloatArray) -> FloatArray:
        """Estimate Σ c·ỹ of each group, given the sum of c over each cell and c of each item."""
        expected = self.sum_cells(coefficient_cells * pseudo.mean_cells)
        return np.asarray(expected + self.sum_items(pseudo.corrections(coefficient_items)))

    def anticipated(self, pseudo: PseudoValues, beta2_odds: FloatArray, beta: FloatArray) -> FloatArray:
        """Anticipate the variance of each group's total, given Σ β²(1−π)/π of each cell and β of each item."""
        first = self.sum_cells(beta2_odds * pseudo.variance_cells)
        return np.asarray(first + self.sum_items(pseudo.second_phase_terms(beta)))

    def anticipated_df(
        self, pseudo: PseudoValues, beta2_odds: FloatArray, beta4_odds2: FloatArray, beta: FloatArray
    ) -> FloatArray:
        """Compute ν_a of each group's total, given Σ β²o and Σ β⁴o²(1+o) of each cell and β of each item."""
        return anticipated_degrees(*self.moments(pseudo, beta2_odds, beta4_odds2, beta))

    def moments(
        self, pseudo: PseudoValues, beta2_odds: FloatArray, beta4_odds2: FloatArray, beta: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Compute numerator and denominator of ν_a of each group, which add up over groups."""
        first = self.sum_cells(beta2_odds * pseudo.variance_cells)
        fourth = self.sum_cells(beta4_odds2 * pseudo.fourth_cells) + self.sum_items(pseudo.fourth_terms(beta))
        return first, fourth
