"""What part of recent predictions a condition holds for, as a whole and at each comparison."""

from functools import cached_property

import numpy as np

from apps.common.numerals import count, fixed
from apps.planning.pages.numbers import percent
from apps.planning.services import trees
from apps.planning.services.recent import Recent
from apps.registry.models import MonitoredModel
from apps.sampling.services import conditions
from apps.sampling.services.columns import Bools
from apps.stats.intervals import wilson_interval


class Matches:
    """Shares of recent predictions, each with its range."""

    def __init__(self, recent: Recent, group: trees.Group, model: MonitoredModel) -> None:
        self._recent = recent
        self._group = group
        self._model = model

    @cached_property
    def by_path(self) -> dict[str, str]:
        """The share that each comparison holds for on its own; without those that cannot be evaluated."""
        found = {}
        for leaf in self._group.leaves():
            tree = trees.tree_of(trees.Group(trees.ROOT, parts=[leaf]))
            if (rows := self._rows(tree)) is not None:
                found[leaf.path] = percent(self._share(rows))
        return found

    @cached_property
    def said(self) -> str:
        """How many match in all: "22 % of decisions (21 to 23 %), 540 to 730 a day"."""
        tree = trees.tree_of(self._group)
        rows = self._rows(tree)
        if rows is None:
            return ""
        if tree is None:
            return "Every decision matches."
        share, n = self._share(rows), self._recent.table.size
        low, high = wilson_interval(share * n, n)
        days = self._recent.daily(rows.astype(np.float64))
        return (
            f"{percent(share)} of decisions match ({fixed(100 * low, 1)} to {fixed(100 * high, 1)} %), "
            f"{count(days.min())} to {count(days.max())} a day"
        )

    def _share(self, rows: Bools) -> float:
        weight = self._recent.weight
        return float(weight[rows].sum() / weight.sum())

    def _rows(self, tree: trees.Tree | None) -> Bools | None:
        if tree is not None and conditions.problems(tree, model=self._model):
            return None
        return conditions.holds(tree, self._recent.table)
