"""The one mechanism: a pseudo-value ỹ = m + (I/π)·b for every prediction, its sums and their variances."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from apps.stats.arrays import BoolArray, FloatArray
from apps.stats.estimators.parts import Parts
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample


@dataclass(frozen=True, eq=False)
class PseudoValues:
    """Pseudo-values of some quantity f(y): the truth itself, its being right, a loss, a sum of money.

    Attributes
    ----------
    population : Population
    sample : Sample
    mean_cells, variance_cells : array (cells,)
        Expectation and variance of f by cell, from the proxy.
    mean_items : array (n,)
        The same expectation for the sampled items: one function of the cell in both terms.
    of_label, of_truth : array (n,)
        f of the reviewer's label and of the adjudicated truth.
    overturn : float
        ε, the expected square of what adjudication changes where reviewer and model agreed.
    floor_rate : float or None
        Probability that the random floor alone yields a label of a prediction.
    parts : Parts or None
        Days or slices that every sum is taken by; None: the window is one part.
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
    parts: Parts | None = None

    @cached_property
    def by(self) -> Parts:
        """The parts, one where none were given."""
        return self.parts or Parts.whole(cells=len(self.population.n), items=len(self.sample.pi))

    @cached_property
    def size(self) -> FloatArray:
        """Predictions of each part."""
        return self.by.sum_cells(self.population.n)

    @cached_property
    def covered_shares(self) -> FloatArray:
        """Share of each part that could be drawn, 1 of nothing."""
        return 1 - self.by.sum_cells(self.population.n_uncovered) / np.maximum(self.size, 1.0)

    @cached_property
    def expected_labels(self) -> FloatArray:
        """Σπ of each part."""
        return self.by.sum_cells(self.population.sum_pi)

    @cached_property
    def truth_by_class(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Σm, Σ b/π and counts of each predicted class 0 and 1 (2, parts): all that a confusion metric rests on."""
        cells, items = self.population, self.sample
        columns = [
            (
                self.plug_in(mine * cells.n),
                self.by.sum_items(own * self.bracket / items.pi),
                self.by.sum_cells(mine * cells.n),
            )
            for mine, own in ((cells.predicted == each, items.predicted == each) for each in (0, 1))
        ]
        expected, moved, counted = (np.array(rows) for rows in zip(*columns, strict=True))
        return expected, moved, counted

    @cached_property
    def bracket(self) -> FloatArray:
        """b = (L − m) + (A/q)(y − L), by item."""
        corrected = self.sample.adjudicated / self._q * (self.of_truth - self.of_label)
        return self.of_label - self.mean_items + corrected

    def total(self, coefficient_cells: FloatArray, coefficient_items: FloatArray) -> FloatArray:
        """Σ_U c·ỹ of each part, given the sum of c over each cell and c of each item."""
        moved = coefficient_items * self.bracket / self.sample.pi
        return self.plug_in(coefficient_cells) + self.by.sum_items(moved)

    def plug_in(self, coefficient_cells: FloatArray) -> FloatArray:
        """Σ_U c·m of each part: the total that the proxy alone expects."""
        return self.by.sum_cells(coefficient_cells * self.mean_cells)

    def design_terms(self, beta: FloatArray) -> FloatArray:
        """The terms of V_d by item: both phases, for influences beta (n,) on a total."""
        return np.asarray(beta**2 * self._of_both_phases, dtype=np.float64)

    def anticipated(self, beta2_odds: FloatArray, beta: FloatArray) -> FloatArray:
        """V_a of each part: Σ β²(1−π)/π·Var f over the cells, and what the second phase is expected to cost."""
        return self.by.sum_cells(beta2_odds * self.variance_cells) + self.by.sum_items(beta**2 * self._expected_second)

    @cached_property
    def _of_both_phases(self) -> FloatArray:
        pi, q = self.sample.pi, self._q
        first = (1 - pi) / pi**2 * self.bracket**2
        return first + self.sample.adjudicated * (1 - q) / (q**2 * pi) * (self.of_truth - self.of_label) ** 2

    @cached_property
    def _expected_second(self) -> FloatArray:
        pi, q = self.sample.pi, self._q
        return np.asarray(self.sample.agreed * (1 - q) / (q * pi**2) * self.overturn)

    def where(self, cells: BoolArray, items: BoolArray) -> "PseudoValues":
        """The same pseudo-values on some of the cells and items."""
        return replace(
            self,
            population=self.population.where(cells),
            sample=self.sample.where(items),
            mean_cells=self.mean_cells[cells],
            variance_cells=self.variance_cells[cells],
            mean_items=self.mean_items[items],
            of_label=self.of_label[items],
            of_truth=self.of_truth[items],
            parts=None,
        )

    @property
    def _q(self) -> FloatArray:
        # Without a second phase, or while none of a class is settled, b is L − m and phase two adds nothing.
        q = self.sample.q
        return np.where(q > 0, q, 1.0)


def overturn_rate(sample: Sample, of_label: FloatArray, of_truth: FloatArray, *, scale2: float = 1.0) -> float:
    """ε = (agreed cases overturned + ½)/(agreed cases adjudicated + 1), in the square of the unit of f.

    Parameters
    ----------
    sample : Sample
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
