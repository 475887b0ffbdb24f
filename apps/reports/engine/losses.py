"""Where money is lost: the dearest kinds of error by slice, each with its range."""

from functools import partial

import numpy as np

from apps.reports.engine.document import Loss
from apps.reports.engine.estimating import BinaryJudge
from apps.reports.engine.figures_of import answer, figure
from apps.reports.engine.selection import Selection, headline_part, slices_of
from apps.stats.estimate import Estimate
from apps.stats.estimators.value import ValueMatrix

MOST = 5
ERRORS = ((0, 1), (1, 0))


def losses(judge: BinaryJudge, matrix: ValueMatrix) -> list[Loss]:
    """Money lost against being right, in the headline's days; at most five, the dearest first."""
    names = judge.class_names
    found: list[Loss] = []
    for each in slices_of(judge.evidence, days=headline_part(judge.evidence).days):
        for i, j in ERRORS:
            only = error_matrix(matrix, i, j)
            if only is None:
                continue
            lost = answer("loss", partial(_lost, judge, each, only))
            found.append(
                {
                    "name": each.slice_name,
                    "value": each.slice_value,
                    "predicted": names[i],
                    "truth": names[j],
                    "n": int(each.size),
                    "lost": figure(lost, each.basis),
                }
            )
    return sorted((loss for loss in found if _worth(loss) > 0), key=_worth, reverse=True)[:MOST]


def error_matrix(matrix: ValueMatrix, predicted: int, truth: int) -> ValueMatrix | None:
    """What one kind of error costs against being right; None where it costs nothing."""
    cost = float(matrix.matrix[truth, truth] - matrix.matrix[predicted, truth])
    if cost <= 0:
        return None
    only = np.zeros_like(matrix.matrix)
    only[predicted, truth] = cost
    return ValueMatrix.of(only, uses_amount=matrix.uses_amount)


def _lost(judge: BinaryJudge, selection: Selection, only: ValueMatrix) -> Estimate:
    return judge.of(selection).value(only)


def _worth(loss: Loss) -> float:
    return loss["lost"]["value"] or 0.0
