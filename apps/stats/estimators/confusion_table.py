"""What came true of each class that a model predicts, with ranges."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from apps.stats.estimate import Estimate
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.multiclass import MulticlassEstimator
from apps.stats.estimators.value import ValueMatrix

ClassGroup = tuple[int, ...]


@dataclass(frozen=True)
class TableRow:
    """The predictions of some classes, whose number is known, and the share of them that is truly of each group."""

    size: float
    shares: tuple[Estimate, ...]


def confusion_table(
    estimator: BinaryEstimator | MulticlassEstimator, groups: Sequence[ClassGroup]
) -> tuple[TableRow, ...]:
    """Estimate, for each group of predicted classes, how its predictions divide into the groups of true classes.

    Parameters
    ----------
    estimator : BinaryEstimator or MulticlassEstimator
        Estimator of the window.
    groups : sequence of classes
        Groups that together hold every class once.

    Returns
    -------
    tuple of TableRow
        One for each group, in their order.

    Examples
    --------
    >>> from apps.stats.estimators.population import Population
    >>> from apps.stats.estimators.sample import Sample
    >>> rows = {"predicted": [0, 1, 1], "score": [0.2, 0.9, 0.9], "pi": [1.0] * 3}
    >>> known = BinaryEstimator(Population.from_rows(**rows), Sample.of(**rows, label=[0, 0, 1]))
    >>> [[share.value for share in row.shares] for row in confusion_table(known, [(0,), (1,)])]
    [[1.0, 0.0], [0.5, 0.5]]
    """
    rows = []
    for group in groups:
        part = estimator.restrict(
            cells=np.isin(estimator.population.predicted, group), items=np.isin(estimator.sample.predicted, group)
        )
        shares = (
            _of_two(part, group[0], groups)
            if isinstance(part, BinaryEstimator)
            else tuple(_share(part, group, true) for true in groups)
        )
        rows.append(TableRow(part.population.size, shares))
    return tuple(rows)


def _of_two(part: BinaryEstimator, said: int, groups: Sequence[ClassGroup]) -> tuple[Estimate, ...]:
    right = part.estimate("accuracy")
    wrong = right if right.value is None else right.scaled(-1).shifted(1)
    return tuple(right if said in true else wrong for true in groups)


def _share(part: MulticlassEstimator, said: ClassGroup, true: ClassGroup) -> Estimate:
    if said == true and len(said) == 1:
        return part.estimate("accuracy")
    matrix = np.zeros((part.classes, part.classes))
    matrix[:, list(true)] = 1.0
    return part.mean_value(ValueMatrix(matrix))
