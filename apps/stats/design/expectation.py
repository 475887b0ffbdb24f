"""What earlier labels let us expect of each metric, and how much a label in each cell would tell."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace

import numpy as np

from apps.stats.arrays import BoolArray, FloatArray, IntArray, scaled_weights
from apps.stats.estimators.conclusion import Linearized
from apps.stats.estimators.keys import NO_BASELINE, Keyed, as_baseline, key_of
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.sample import Sample

NOBODY = Sample.of(predicted=[], score=[], pi=[], label=[])


@dataclass(frozen=True, eq=False)
class ExpectedFigure:
    """A metric as the proxy m expects it.

    Attributes
    ----------
    linear : Linearized
        The metric at θ_a, with its influences.
    second, fourth : array (cells,)
        κ₂ and κ₄ of what the label of one prediction moves the metric by: β²E(y−m)² and β⁴E(y−m)⁴. Per unit of amount
        where the metric uses amounts.
    is_root : bool
        The figure is the square root of the metric, as for rmse.
    logging : (float, float)
        What logging only a part of the traffic adds to V_a and to the denominator of ν_a, as for a total; no draw
        changes it.
    """

    linear: Linearized
    second: FloatArray
    fourth: FloatArray
    is_root: bool = False
    logging: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Residuals:
    """What earlier labels moved a metric by, beside what was expected of them.

    Attributes
    ----------
    cell : array (labels,) of int
        Cell of each label.
    weight : array (labels,)
        Predictions that each label stands for; they sum to the population.
    amount : array (labels,), in money
        Amount of each, 0 where unknown.
    squares : array (labels,)
        β²(y−m)² of each label, including its amount where the metric uses it.
    """

    cell: IntArray
    weight: FloatArray
    amount: FloatArray
    squares: FloatArray


@dataclass(frozen=True, eq=False)
class Expectation(ABC):
    """What to expect of every metric of a model, whatever its task.

    Attributes
    ----------
    population : Population
        Recent predictions; like cells are added up (`by_cell`).
    """

    population: Population
    _figures: dict[object, ExpectedFigure | str] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "population", by_cell(self.population))

    def figure(self, metric: str) -> ExpectedFigure | str:
        """Return what to expect of a metric, or the code of why there is nothing. Each metric is linearized once.

        Raises
        ------
        ValueError
            If the metric is unknown, or "value" is asked for without a value matrix.
        """
        if metric not in self._figures:
            self._figures[metric] = self._figure(metric)
        return self._figures[metric]

    @abstractmethod
    def _figure(self, metric: str) -> ExpectedFigure | str:
        """Linearize a metric at what the proxy expects."""

    @abstractmethod
    def residuals(self, metric: str) -> Residuals | None:
        """Return the earlier labels' residuals of a metric; None without earlier labels, or where it has no figure."""


def pseudo_of(population: Population, mean: FloatArray, second: FloatArray, fourth: FloatArray) -> PseudoValues:
    """Make the pseudo-values of a quantity before any label, given its moments by cell."""
    nothing = np.zeros(0)
    return PseudoValues(
        population=population,
        sample=NOBODY,
        mean_cells=mean,
        variance_cells=second,
        fourth_cells=fourth,
        mean_items=nothing,
        of_label=nothing,
        of_truth=nothing,
    )


def logging_of(linear: Linearized, pseudo: PseudoValues) -> tuple[float, float]:
    """Return what logging adds to V_a and to the denominator of ν_a of a metric."""
    _, variance, fourth = linear.logging(pseudo)
    return variance, fourth


def cells_of(labels: Keyed, population: Population) -> tuple[BoolArray, IntArray]:
    """Say which labels (n,) have a cell in the population (`by_cell`), and return the cell of each that has.

    >>> cells = Population.of(predicted=[0, 1], bin=[9, 9], n=[1, 2], sum_pi=[1, 1], sum_odds=[0, 2])
    >>> cells_of(Population.of(predicted=[1, 1], bin=[9, 8], n=[1, 1], sum_pi=[1, 1], sum_odds=[0, 0]), cells)
    (array([ True, False]), array([1]))
    """
    keys, wanted = key_of(population), key_of(labels)
    place = np.searchsorted(keys, wanted)
    is_there = np.isin(wanted, keys)
    return is_there, np.asarray(place[is_there], dtype=np.int64)


def placed(labels: Sample | None, population: Population) -> tuple[Sample, IntArray] | None:
    """Return the labels whose cells still have predictions, and their cells; None without any."""
    if labels is None:
        return None
    is_there, cell = cells_of(labels, population)
    return (labels.where(is_there), cell) if len(cell) else None


def shares(pi: FloatArray, size: float) -> FloatArray:
    """Divide a population of this size among labels (n,), in proportion to 1/π.

    >>> shares(np.array([0.5, 0.25]), 30.0)
    array([10., 20.])
    """
    weight = scaled_weights(pi)
    return np.asarray(weight * (size / weight.sum()) if len(weight) else weight)


def by_cell(population: Population) -> Population:
    """Add up the cells of each predicted class and score bin: no expectation depends on the baseline.

    >>> cells = Population.of(predicted=[0, 0], baseline=[0, 1], bin=[9, 9], n=[1, 2], sum_pi=[1, 1], sum_odds=[0, 2])
    >>> by_cell(cells).n
    array([3.])
    """
    nothing = as_baseline(None, len(population.n))
    if (population.baseline == NO_BASELINE).all() and (np.diff(key_of(population)) > 0).all():
        return population
    return replace(population, baseline=nothing, stand_in=nothing).compact()


def lacks_amounts(population: Population) -> bool:
    """Say whether a metric in units of the amount cannot be planned: no prediction has one."""
    return not population.sum_amount.any()
