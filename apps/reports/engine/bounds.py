"""Worst-case bounds: a figure if every case without an answer were answered to the model's harm, or in its favor."""

from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apps.reports.engine.document import Figures
from apps.reports.engine.estimating import BinaryFit, Fit, MulticlassFit
from apps.reports.engine.evidence import Selection
from apps.reports.engine.protocol import attempt
from apps.stats.estimators.exact import worst_case_bounds

BOUNDED = ("accuracy", "precision", "recall", "f1")
# Below this share of answers the bounds stand beside the figure.
LOW_RESPONSE = 0.9


def with_bounds(figures: Figures, fit: Fit, selection: Selection) -> Figures:
    """Put the bounds beside the figures, where fewer than nine in ten of the drawn cases are answered."""
    rate = selection.basis.response_rate
    if rate is not None and rate < LOW_RESPONSE:
        for metric, ends in bounds_of(fit, selection).items():
            if metric in figures and figures[metric]["value"] is not None:
                figures[metric]["bounds"] = ends
    return figures


def bounds_of(fit: Fit, selection: Selection) -> dict[str, list[float]]:
    """Return [lowest, highest] by metric; nothing for numbers, or where there is no figure."""
    if not isinstance(fit, (BinaryFit, MulticlassFit)):
        return {}
    if attempt("bounds", partial(fit.of(selection).estimate, "accuracy")).value is None:
        return {}
    answered = _answered_shares(fit, selection)
    if isinstance(fit, MulticlassFit):
        # The truth of an open case is right or wrong, whatever its class.
        table = np.maximum(fit.of(selection).table, 0.0)
        right, size = float(np.diag(table) @ answered), float(table.sum())
        missing = float(table.sum(axis=1) @ (1 - answered))
        return {"accuracy": [right / size, (right + missing) / size]}
    confusion = fit.of(selection).confusion
    rates = {"answered_negative": float(answered[0]), "answered_positive": float(answered[1])}
    return {metric: list(worst_case_bounds(metric, confusion, **rates)) for metric in BOUNDED}


def _answered_shares(fit: BinaryFit | MulticlassFit, selection: Selection) -> NDArray[np.float64]:
    """Return the share answered of each predicted class, by design weight: the bounds are about predictions."""
    draws, rows = selection.draws, selection.rows
    counted = draws[draws["is_open"] & draws["is_blind"]]
    asked = pd.concat(
        [
            pd.DataFrame({"weight": 1 / counted["pi"], "is_answered": counted["is_answered"]}),
            pd.DataFrame({"weight": 1.0, "is_answered": rows["is_answered"]}),
        ]
    )
    predicted = np.concatenate([fit.classes(counted["predicted"]), fit.classes(rows["predicted"])])
    classes = len(fit.class_names)
    weight = asked["weight"].to_numpy(dtype=np.float64)
    total = np.bincount(predicted, weight, minlength=classes)
    answered = np.bincount(predicted, weight * asked["is_answered"].to_numpy(dtype=np.float64), minlength=classes)
    return np.where(total > 0, answered / np.where(total > 0, total, 1.0), 1.0)
