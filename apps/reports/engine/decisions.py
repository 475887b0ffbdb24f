"""How decisions divide by what was said and what was true, so that other amounts can be tried on them."""

from collections.abc import Callable
from functools import partial

import numpy as np

from apps.reports.engine.document import Decisions
from apps.reports.engine.estimating import MOST_CLASSES, ClassFit, Fit, RegressionFit
from apps.reports.engine.evidence import headline_part
from apps.reports.engine.protocol import attempt
from apps.stats.estimate import Estimate
from apps.stats.estimators.unit_cost import UnitCost
from apps.stats.estimators.value import ValueMatrix


def decisions_of(fit: Fit) -> Decisions | None:
    """Estimate the table of the headline's days; None where part of it is not known, or it has too many classes."""
    part = headline_part(fit.evidence)
    classes = [] if isinstance(fit, RegressionFit) else fit.class_names
    if part.is_unseen or len(classes) > MOST_CLASSES:
        return None
    table = _table(fit, uses_amount=False)
    if table is None:
        return None
    by_amount = None if fit.evidence.without_amount else _table(fit, uses_amount=True)
    return {"traffic": part.traffic, "classes": classes, "table": table, "by_amount": by_amount}


def _table(fit: Fit, *, uses_amount: bool) -> list[list[float]] | None:
    if isinstance(fit, RegressionFit):
        return _units(fit, uses_amount=uses_amount)
    return _shares(fit, uses_amount=uses_amount)


def _shares(fit: ClassFit, *, uses_amount: bool) -> list[list[float]] | None:
    """Estimate the share of each pair of classes: the mean value where that pair alone is worth 1."""
    estimator, classes = fit.of(headline_part(fit.evidence)), len(fit.class_names)
    cells: list[float | None] = []
    for place in range(classes * classes):
        one = np.zeros(classes * classes)
        one[place] = 1.0
        matrix = ValueMatrix.of(one.reshape(classes, classes), uses_amount=uses_amount)
        cells.append(_known(partial(estimator.mean_value, matrix)))
    return _in_rows(cells, of=classes)


def _units(fit: RegressionFit, *, uses_amount: bool) -> list[list[float]] | None:
    """Estimate the units too high and too low: the cost where one unit of them costs 1."""
    estimator = fit.of(headline_part(fit.evidence))
    costs = [UnitCost(1.0, 0.0, uses_amount=uses_amount), UnitCost(0.0, 1.0, uses_amount=uses_amount)]
    found = [_known(partial(estimator.mean_value, cost)) for cost in costs]
    # A cost is a value below zero.
    return _in_rows([None if each is None else -each for each in found], of=2)


def _known(compute: Callable[[], Estimate]) -> float | None:
    return attempt("decisions", compute).value


def _in_rows(cells: list[float | None], *, of: int) -> list[list[float]] | None:
    known = [cell for cell in cells if cell is not None]
    return [known[start : start + of] for start in range(0, len(known), of)] if len(known) == len(cells) else None
