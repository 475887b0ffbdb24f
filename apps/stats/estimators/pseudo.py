"""Pseudo-values: ỹ = m + (I/π)·b for every prediction, their sums, and the variances of those sums."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from apps.stats.arrays import BoolArray, FloatArray
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample


@dataclass(frozen=True, eq=False)
class PseudoValues:
    """Pseudo-values of a quantity f(y): the truth itself, whether a prediction is right, a loss, a sum of money.

    Attributes
    ----------
    population : Population
        All predictions of the window.
    sample : Sample
        Its answered items.
    mean_cells, variance_cells : array (cells,)
        Expectation and variance of f by cell, from the proxy.
    mean_items : array (n,)
        The same expectation for the sampled items. Both terms must use one function of the cell.
    of_label, of_truth : array (n,)
        f of the reviewer's label and of the adjudicated truth.
    overturn : float
        ε, the expected square of what adjudication changes where reviewer and model agreed.
    floor_rate : float or None
        Probability that the random floor alone yields a label of a prediction.
    """

    population: Population
    sample: Sample
    mean_cells: FloatArray
    variance_cells: FloatArray
    mean_items: FloatArray
    of_label: FloatArray
    of_truth: FloatArray
    overturn: float
    floor_rate: float | None = None

    @cached_property
    def bracket(self) -> FloatArray:
        """b = (L − m) + (A/q)(y − L), by item."""
        corrected = self.sample.adjudicated / self._q * (self.of_truth - self.of_label)
        return self.of_label - self.mean_items + corrected

    def total(self, coefficient_cells: FloatArray, coefficient_items: FloatArray) -> float:
        """Estimate Σ_U c·ỹ, given the sum of c over each cell and c of each item."""
        return self.plug_in(coefficient_cells) + float(self.corrections(coefficient_items).sum())

    def plug_in(self, coefficient_cells: FloatArray) -> float:
        """Compute Σ_U c·m, the total that the proxy alone expects."""
        return float((coefficient_cells * self.mean_cells).sum())

    def corrections(self, coefficient_items: FloatArray) -> FloatArray:
        """Compute c·b/π: what each item adds to the total that the proxy expects."""
        return np.asarray(coefficient_items * self.bracket / self.sample.pi)

    def design_terms(self, beta: FloatArray) -> FloatArray:
        """Compute the terms of V_d by item, both phases, for influences beta (n,) on a total."""
        return np.asarray(beta**2 * self._of_both_phases, dtype=np.float64)

    def anticipated(self, beta2_odds: FloatArray, beta: FloatArray) -> float:
        """Compute V_a: Σ β²(1−π)/π·Var f over the cells, and what the second phase is expected to add."""
        return float((beta2_odds * self.variance_cells).sum()) + float(self.second_phase_terms(beta).sum())

    def second_phase_terms(self, beta: FloatArray) -> FloatArray:
        """Compute what the second phase is expected to add to V_a, by item."""
        return np.asarray(beta**2 * self._expected_second)

    def where(self, cells: BoolArray, items: BoolArray) -> "PseudoValues":
        """Keep the selected cells and items, with the same pseudo-values."""
        return replace(
            self,
            population=self.population.where(cells),
            sample=self.sample.where(items),
            mean_cells=self.mean_cells[cells],
            variance_cells=self.variance_cells[cells],
            mean_items=self.mean_items[items],
            of_label=self.of_label[items],
            of_truth=self.of_truth[items],
        )

    @cached_property
    def _of_both_phases(self) -> FloatArray:
        pi, q = self.sample.pi, self._q
        first = (1 - pi) / pi**2 * self.bracket**2
        return first + self.sample.adjudicated * (1 - q) / (q**2 * pi) * (self.of_truth - self.of_label) ** 2

    @cached_property
    def _expected_second(self) -> FloatArray:
        pi, q = self.sample.pi, self._q
        return np.asarray(self.sample.agreed * (1 - q) / (q * pi**2) * self.overturn)

    @property
    def _q(self) -> FloatArray:
        # Without a second phase, or while no item of a class is settled, b is L − m and phase two adds nothing.
        q = self.sample.q
        return np.where(q > 0, q, 1.0)


def overturn_rate(sample: Sample, of_label: FloatArray, of_truth: FloatArray, *, scale2: float = 1.0) -> float:
    """Compute ε = (agreed cases overturned + ½)/(agreed cases adjudicated + 1), in the square of the unit of f.

    Parameters
    ----------
    sample : Sample
        Answered items (n,).
    of_label, of_truth : array (n,)
        f of label and truth.
    scale2 : float
        Square of the size of one overturn: 1 for a class, the variance of f for money or a loss.

    Returns
    -------
    float

    Examples
    --------
    >>> settled = {"adjudicated": [1, 0], "q": [0.5, 0.5], "truth": [0, 0]}
    >>> items = Sample.of(predicted=[1, 1], score=[0.9, 0.9], pi=[0.1, 0.1], label=[1, 1], **settled)
    >>> overturn_rate(items, items.label, items.truth)
    0.75
    """
    checked = (sample.agreed == 1) & (sample.adjudicated == 1)
    overturned = float(((of_truth - of_label)[checked] ** 2).sum())
    return (overturned + 0.5 * scale2) / (float(checked.sum()) + 1.0)
