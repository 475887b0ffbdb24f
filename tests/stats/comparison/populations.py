"""Windows for tests of comparisons: cases in groups, right or wrong, drawn with a probability or all known."""

from collections.abc import Sequence

import numpy as np

from apps.stats.comparison.sides import Side
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix

RIGHT = ValueMatrix.of(np.eye(2))


class Window:
    """Predictions of a binary model with a score, a group and a truth each, of which some are labeled."""

    def __init__(
        self, groups: Sequence[int], score: Sequence[float], truth: Sequence[int], *, pi: float = 1.0, seed: int = 1,
        first_key: int = 0, amount: Sequence[float] | None = None,
    ) -> None:  # fmt: skip
        self.group, self.score, self.truth = np.asarray(groups), np.asarray(score, float), np.asarray(truth)
        self.key = first_key + np.arange(len(self.group))
        self.amount = np.ones(len(self.group)) if amount is None else np.asarray(amount, float)
        self.pi = np.full(len(self.group), pi)
        # A number of its own for each prediction, as draws have: overlapping windows draw the same ones.
        self.is_drawn = np.random.default_rng(seed).random(10**6)[self.key] < pi
        self.predicted = (self.score >= 0.5).astype(int)

    @property
    def is_right(self) -> np.ndarray:
        return self.predicted == self.truth

    @property
    def estimator(self) -> BinaryEstimator:
        drawn = self.is_drawn
        cells = Population.of_each(predicted=self.predicted, score=self.score, pi=self.pi, amount=self.amount)
        items = Sample.of(
            predicted=self.predicted[drawn], score=self.score[drawn], pi=self.pi[drawn], label=self.truth[drawn],
            amount=self.amount[drawn],
        )  # fmt: skip
        return BinaryEstimator(cells, items)

    def side(self, groups: int, *, matrix: ValueMatrix = RIGHT, shared: np.ndarray | None = None) -> Side:
        whole = self.estimator
        values: list[PseudoValues] = []
        both: list[PseudoValues] = []
        keys = []
        for group in range(groups):
            cells, items = self.group == group, (self.group == group)[self.is_drawn]
            values.append(whole.restrict(cells=cells, items=items).valued(matrix))
            keys.append(self.key[self.is_drawn][items])
            if shared is not None:
                both.append(whole.restrict(cells=cells & shared, items=items & False).valued(matrix))
        return Side.of(values, keys=keys, shared=None if shared is None else both, uses_amount=matrix.uses_amount)
