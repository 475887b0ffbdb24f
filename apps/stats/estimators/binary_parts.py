"""Every part of a binary model's window at once: days, slices."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import BoolArray, as_ints
from apps.stats.estimate import Estimate, missing
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.conclusion import conclude_parts
from apps.stats.estimators.confusion import Metric
from apps.stats.estimators.exact import OF_SCORE
from apps.stats.estimators.metrics import linearise
from apps.stats.estimators.parts import Parts
from apps.stats.estimators.pseudo import PseudoValues


@dataclass(frozen=True, eq=False)
class BinaryParts:
    """The parts of a window, each with the same pseudo-truths. Made by `BinaryParts.of`.

    Attributes
    ----------
    estimator : BinaryEstimator
    parts : Parts

    Examples
    --------
    >>> from apps.stats.estimators.population import Population
    >>> from apps.stats.estimators.sample import Sample
    >>> cells = Population.of_each(predicted=[1, 1, 0], score=[0.9, 0.8, 0.1], pi=[1, 1, 1])
    >>> items = Sample.of(predicted=[1, 1, 0], score=[0.9, 0.8, 0.1], pi=[1, 1, 1], label=[1, 0, 0])
    >>> by_day = BinaryParts.of(BinaryEstimator(cells, items), cells=[0, 1, 0], items=[0, 1, 0])
    >>> [figure.value for figure in by_day.estimate("accuracy")]
    [1.0, 0.0]
    """

    estimator: BinaryEstimator
    parts: Parts

    @classmethod
    def of(cls, estimator: BinaryEstimator, *, cells: ArrayLike, items: ArrayLike) -> "BinaryParts":
        """Days or slices of an estimator's window.

        Parameters
        ----------
        estimator : BinaryEstimator
        cells : array (cells,) of int
            Part of each cell of the population given at first, 0 … parts − 1; -1 for none.
        items : array (n,) of int
            Part of each item.

        Returns
        -------
        BinaryParts

        Raises
        ------
        ValueError
            If lengths differ, or an item belongs to a part that has no cells.
        """
        of_cells = as_ints("cells", cells, length=len(estimator.population.n), minimum=-1)
        of_items = as_ints("items", items, length=len(estimator.sample.pi), minimum=-1)
        within = estimator.restrict(cells=of_cells >= 0, items=of_items >= 0)
        return cls(within, Parts.of(of_cells[of_cells >= 0], of_items[of_items >= 0]))

    def estimate(self, metric: Metric) -> list[Estimate]:
        """The metric of each part: what `restrict` to it and `estimate` give; `no_population` without cells.

        Raises
        ------
        ValueError
            If the metric is unknown.
        """
        alone = self._come_apart(metric)
        if alone.all():
            found = [missing("no_population")] * self.parts.number
        else:
            found = conclude_parts(self._pseudo, linearise(metric, self._pseudo), level=self.estimator.level)
        for part in np.flatnonzero(alone):
            piece = self.estimator.restrict(cells=self.parts.of_cells == part, items=self.parts.of_items == part)
            found[part] = piece.estimate(metric)
        return found

    @cached_property
    def _pseudo(self) -> PseudoValues:
        return replace(self.estimator.pseudo_of(self.estimator.population), parts=self.parts)

    def _come_apart(self, metric: Metric) -> BoolArray:
        """Parts whose figure comes another way: everything known, no score to lean on, or a metric of the whole."""
        if metric == "ece":
            return np.ones(self.parts.number, dtype=np.bool_)
        return self._complete if metric in OF_SCORE else self._complete | self._without_score

    @cached_property
    def _complete(self) -> BoolArray:
        cells, sample, parts = self.estimator.population, self.estimator.sample, self.parts
        unsure = ~((sample.pi == 1) & sample.certain)
        open_cells = (cells.sum_odds > 0) | (cells.n_uncovered > 0) | (cells.n_unanswered > 0)
        size = parts.sum_cells(cells.n)
        counted = parts.sum_items(np.ones(len(sample.pi)))
        is_sure = ~(parts.any_item(unsure) | parts.any_cell(open_cells))
        return np.asarray(is_sure & (counted == size) & (size > 0), dtype=np.bool_)

    @cached_property
    def _without_score(self) -> BoolArray:
        cells, sample, parts = self.estimator.population, self.estimator.sample, self.parts
        scored = parts.any_cell(cells.bin >= 0) | parts.any_item(~np.isnan(sample.score))
        return ~scored & (parts.sum_cells(cells.n) > 0)
