"""The one mechanism: a pseudo-value ỹ = m + (I/π)·b for every prediction, its sums and their variances."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from apps.stats.arrays import BoolArray, FloatArray
from apps.stats.estimate import Estimate, exactly, from_interval, labels_needed, missing
from apps.stats.intervals import LEVEL, logit_mod
from apps.stats.population import Population, Sample


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
        """Σ_U c·ỹ, given the sum of c over each cell and c of each item."""
        return self.plug_in(coefficient_cells) + float(coefficient_items @ (self.bracket / self.sample.pi))

    def plug_in(self, coefficient_cells: FloatArray) -> float:
        """Σ_U c·m: the total that the proxy alone expects."""
        return float(coefficient_cells @ self.mean_cells)

    def design_terms(self, beta: FloatArray) -> FloatArray:
        """The terms of V_d by item: both phases, for influences beta (n,) on a total."""
        pi, q = self.sample.pi, self._q
        first = (1 - pi) / pi**2 * self.bracket**2
        second = self.sample.adjudicated * (1 - q) / (q**2 * pi) * (self.of_truth - self.of_label) ** 2
        return np.asarray(beta**2 * (first + second), dtype=np.float64)

    def anticipated(self, beta2_odds: FloatArray, beta: FloatArray) -> float:
        """V_a: Σ β²(1−π)/π·Var f over the cells, and what the second phase is expected to cost."""
        pi, q = self.sample.pi, self._q
        second = self.sample.agreed * (1 - q) / (q * pi**2) * beta**2 * self.overturn
        return float(beta2_odds @ self.variance_cells + second.sum())

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
        )

    @property
    def _q(self) -> FloatArray:
        # Without a second phase, or while none of a class is settled, b is L − m and phase two adds nothing.
        q = self.sample.q
        return np.where(q > 0, q, 1.0)


@dataclass(frozen=True, eq=False)
class Linearised:
    """A metric with its influences, all on the scale of a mean over `size` predictions.

    Attributes
    ----------
    value, plug_in : float
        θ̂, and θ_a: the same metric of the proxy alone (nan where it has none).
    beta : array (n,)
        Influence of each item's label, u(y=1) − u(y=0).
    beta2_odds : array (cells,)
        Σ β²(1−π)/π of each cell.
    on_cells, on_items : mask
        What the metric depends on: precision, for example, only on predicted positives.
    size : float
        N.
    is_bounded : bool
        Whether the metric lives in [0, 1].
    """

    value: float
    plug_in: float
    beta: FloatArray
    beta2_odds: FloatArray
    on_cells: BoolArray
    on_items: BoolArray
    size: float
    is_bounded: bool


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


def conclude(pseudo: PseudoValues, metric: Linearised, *, level: float = LEVEL) -> Estimate:
    """The estimate of a linearised metric: interval, sizes and codes.

    Parameters
    ----------
    pseudo : PseudoValues
    metric : Linearised
    level : float

    Returns
    -------
    Estimate
        Without a value and with `not_estimable`, `no_response` or `no_labels` where the design bears none.
    """
    population, sample = pseudo.population, pseudo.sample
    covered = population.covered_share
    if population.size and not metric.on_cells.any():
        return exactly(metric.value, n=0, covered_share=covered)  # no label can move it
    if refusal := unfit(population, metric.on_cells, int(metric.on_items.sum())):
        return missing(refusal, n=int(metric.on_items.sum()), covered_share=covered)
    used = metric.on_items
    interval = logit_mod(
        metric.value,
        design_terms=pseudo.design_terms(metric.beta) / metric.size**2,
        anticipated=pseudo.anticipated(metric.beta2_odds, metric.beta) / metric.size**2,
        n=int(used.sum()),
        plug_in=metric.plug_in if np.isfinite(metric.plug_in) else None,
        is_bounded=metric.is_bounded,
        level=level,
    )
    needed = labels_needed(
        df=interval.df,
        n=int(used.sum()),
        floor_labels=None if pseudo.floor_rate is None else pseudo.floor_rate * population.size,
        expected_labels=float(population.sum_pi.sum()),
    )
    return from_interval(
        interval,
        pi=sample.pi[used],
        covered_share=covered,
        caveats=["adjudication_open"] if bool((sample.q[used] == 0).any()) else [],
        needed=needed,
    )


def unfit(population: Population, on_cells: BoolArray, n: int) -> str | None:
    """Why no number can be given for a metric that depends on these cells, or None.

    Examples
    --------
    >>> cells = Population.from_rows(predicted=[0, 1], score=[0.2, 0.9], pi=[0.0, 1.0])
    >>> unfit(cells, np.array([True, True]), 1), unfit(cells, np.array([False, True]), 1)
    ('not_estimable', None)
    """
    if population.size == 0:
        return "no_population"
    if (population.n_uncovered[on_cells] > 0).any():
        return "not_estimable"
    if (population.n_unanswered[on_cells] > 0).any():
        return "no_response"
    return "no_labels" if n == 0 else None
