"""Worst-case bounds: a figure if every case without an answer were answered to the model's harm, or in its favor."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apps.reports.engine.document import LOW_RESPONSE, Figures
from apps.reports.engine.estimating import BinaryFit, Fit, MulticlassFit, RegressionFit
from apps.reports.engine.evidence import Selection, traffic_of
from apps.reports.engine.protocol import Topic, attempt
from apps.reports.engine.value import PER, Value
from apps.stats.estimators.confusion import Confusion
from apps.stats.estimators.confusion_influence import limits
from apps.stats.estimators.exact import worst_case_bounds
from apps.stats.estimators.value import ValueMatrix

# Metrics of two classes with bounds; of more classes, accuracy alone has them.
BOUNDED = ("accuracy", "precision", "recall", "f1")

Bounds = dict[str, list[float]]


def with_bounds(figures: Figures, topic: Topic, selection: Selection) -> Figures:
    """Put the bounds beside the figures, where fewer than nine in ten of the drawn cases are answered.

    Where part of the predictions can be known to nobody, the bounds stand instead of a figure.
    """
    if selection.is_unseen:
        for metric, ends in _unseen_bounds(topic.fit, selection).items():
            if metric in figures:
                figures[metric]["bounds"] = ends
        return figures
    rate = selection.basis.response_rate
    if rate is not None and rate < LOW_RESPONSE:
        for metric, ends in (bounds_of(topic.fit, selection) | _of_value(topic, selection)).items():
            value = figures[metric]["value"] if metric in figures else None
            if value is not None:
                # Missing cases may be like the others: with few of them, the estimate can lie outside the counts.
                figures[metric]["bounds"] = [min(ends[0], value), max(ends[1], value)]
    return figures


def bounds_of(fit: Fit, selection: Selection) -> Bounds:
    """Return [lowest, highest] by metric; nothing where there is no figure, or where an error may be of any size."""
    if isinstance(fit, RegressionFit):
        return _bounds_within(fit, selection)
    if not _has_figures(fit, selection):
        return {}
    answered = _answered_shares(fit, selection)
    if isinstance(fit, MulticlassFit):
        # The truth of an open case is right or wrong, whatever its class.
        margins = fit.of(selection).margins
        right = float(np.clip(margins.right, 0.0, margins.predicted) @ answered)
        missing = float(margins.predicted @ (1 - answered))
        return {"accuracy": [right / margins.size, (right + missing) / margins.size]}
    confusion = fit.of(selection).confusion
    rates = {"answered_negative": float(answered[0]), "answered_positive": float(answered[1])}
    return {metric: list(worst_case_bounds(metric, confusion, **rates)) for metric in BOUNDED}


def _bounds_within(fit: RegressionFit, selection: Selection, *, hidden: float = 0.0) -> Bounds:
    """Bound the share within the tolerance; `hidden` predictions can be known to nobody, of the selection's traffic."""
    seen = replace(selection, is_observed=True) if hidden else selection
    if not fit.has_tolerance or not seen.size:
        return {}
    share = attempt("bounds", partial(fit.of(seen).estimate, "within")).value
    if share is None:
        return {}
    answered = float(_answered_shares(fit, seen)[0])
    right, unknown = share * answered * seen.traffic, (1 - answered) * seen.traffic + hidden
    return {"within": [right / selection.traffic, (right + unknown) / selection.traffic]}


def _unseen_bounds(fit: Fit, selection: Selection) -> Bounds:
    """Bound metrics over everything that predictions without outcome and review could be."""
    seen = replace(selection, is_observed=True)
    hidden = selection.hidden_cells
    if isinstance(fit, RegressionFit):
        return _bounds_within(fit, selection, hidden=float(traffic_of(hidden).sum()))
    if not _has_figures(fit, seen):
        return {}
    answered = _answered_shares(fit, seen)
    n = np.bincount(fit.classes(hidden["predicted"]), traffic_of(hidden), minlength=len(answered))
    if isinstance(fit, MulticlassFit):
        margins = fit.of(seen).margins  # shares of what can be seen
        right = float(np.clip(margins.right, 0.0, margins.predicted) @ answered) * seen.traffic
        missing = float(margins.predicted @ (1 - answered)) * seen.traffic + float(n.sum())
        return {"accuracy": [right / selection.traffic, (right + missing) / selection.traffic]}
    tp, fp, fn, tn = (max(share, 0.0) * seen.traffic for share in fit.of(seen).confusion.corners)
    known = Confusion(tp * answered[1], fp * answered[1], fn * answered[0], tn * answered[0])
    rest = {
        "open_positive": (tp + fp) * (1 - answered[1]) + n[1],
        "open_negative": (tn + fn) * (1 - answered[0]) + n[0],
    }
    return {metric: list(limits(metric, known, **rest)) for metric in BOUNDED}


def _of_value(topic: Topic, selection: Selection) -> Bounds:
    """Return the bounds of the model's own value; those of a difference would take both decisions of each case."""
    fit = topic.fit
    if not isinstance(topic, Value) or topic.value_model is None or isinstance(fit, RegressionFit):
        return {}
    worth = topic.worth
    if not isinstance(worth, ValueMatrix) or not _has_figures(fit, selection):
        return {}
    low, high = fit.of(selection).value_bounds(worth, answered=_answered_shares(fit, selection))
    scale = PER / selection.traffic
    return {"value_total": [low, high], "value_per_1000": [low * scale, high * scale]}


def _has_figures(fit: BinaryFit | MulticlassFit, selection: Selection) -> bool:
    return attempt("bounds", partial(fit.of(selection).estimate, "accuracy")).value is not None


def _answered_shares(fit: Fit, selection: Selection) -> NDArray[np.float64]:
    """Return the share answered of each predicted class, by design weight: the bounds are about predictions."""
    draws, rows = selection.draws, selection.rows
    counted = draws[draws["is_open"] & draws["is_blind"]]
    weight = np.concatenate([1 / (counted["pi"] * counted["log_share"]), 1 / rows["log_share"]])
    is_answered = pd.concat([counted["is_answered"], rows["is_answered"]]).to_numpy(dtype=np.float64)
    predicted = np.concatenate([fit.classes(counted["predicted"]), fit.classes(rows["predicted"])])
    classes = 1 if isinstance(fit, RegressionFit) else len(fit.class_names)
    asked = np.bincount(predicted, weight, minlength=classes)
    answered = np.bincount(predicted, weight * is_answered, minlength=classes)
    return np.where(asked > 0, answered / np.where(asked > 0, asked, 1.0), 1.0)
