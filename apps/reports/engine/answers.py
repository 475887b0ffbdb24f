"""Figures that the answers of a performance report need beside its measures, and where chance could have put them."""

from functools import partial

import numpy as np

from apps.reports.engine.estimating import BinaryFit, Fit, MulticlassFit, RegressionFit
from apps.reports.engine.evidence import Selection
from apps.reports.engine.pictured import Answers
from apps.reports.engine.protocol import attempt, figure
from apps.stats.arrays import FloatArray
from apps.stats.estimate import Estimate, missing
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.by_chance import mean_by_chance, share_by_chance
from apps.stats.estimators.conclusion import weighted_variance
from apps.stats.estimators.level_groups import errors_of
from apps.stats.estimators.multiclass import MulticlassEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.regression import RegressionEstimator
from apps.stats.estimators.score_groups import decided_from, has_scores, mean_score

Range = tuple[float, float] | None


def answers_of(fit: Fit, selection: Selection) -> Answers:
    """Compute them for one part of the window."""
    if isinstance(fit, RegressionFit):
        found = _of_numbers(fit.of(selection))
        stated = None
    else:
        estimator = fit.of(selection)
        found = _of_classes(estimator) | _by_class(fit, estimator)
        stated = mean_score(estimator.population) if has_scores(estimator.population) else None
    return {
        "figures": {metric: figure(found[metric][0], selection.basis) for metric in OWN if metric in found},
        "stated": stated,
        "by_chance": {metric: list(ends) for metric, (_, ends) in found.items() if ends is not None},
    }


OWN = ("stated_gap", "accuracy_difference", "mae_gain")
Found = dict[str, tuple[Estimate, Range]]


def _of_classes(estimator: BinaryEstimator | MulticlassEstimator) -> Found:
    size = estimator.population.size
    right = attempt("accuracy", partial(estimator.estimate, "accuracy"))
    ahead = attempt("accuracy_difference", estimator.accuracy_difference)
    gap = attempt("stated_gap", partial(_stated_gap, estimator))
    return {
        "accuracy": (right, share_by_chance(right, size=size)),
        "stated_gap": (gap, mean_by_chance(gap, spread=_spread_of_stated(estimator.population), size=size)),
        "accuracy_difference": (ahead, _ahead_by_chance(estimator, ahead)),
    }


def _stated_gap(estimator: BinaryEstimator | MulticlassEstimator) -> Estimate:
    """Estimate how much more often predictions came true than their scores say on average."""
    if not has_scores(estimator.population):
        return missing("no_score" if estimator.population.size else "no_population")
    asked = decided_from(estimator, 0) if isinstance(estimator, BinaryEstimator) else estimator
    came_true = asked.estimate("accuracy")
    return came_true if came_true.value is None else came_true.shifted(-mean_score(estimator.population))


def _spread_of_stated(cells: Population) -> float:
    """Return the mean of s(1−s): the variance of what came true, if every score is right."""
    return float((cells.sum_score - cells.sum_score2).sum()) / max(cells.size, 1.0)


def _ahead_by_chance(estimator: BinaryEstimator | MulticlassEstimator, ahead: Estimate) -> Range:
    """Each disagreement moves the difference by one at most; predictions on which both agree do not move it."""
    compared = estimator.with_baseline.population
    if ahead.value is None or not compared.size:
        return None
    differ = float(compared.n[compared.predicted != compared.baseline].sum()) / compared.size
    return mean_by_chance(ahead, spread=differ - ahead.value**2, size=compared.size)


def _by_class(fit: BinaryFit | MulticlassFit, estimator: BinaryEstimator | MulticlassEstimator) -> Found:
    """Return where precision and recall could lie, by class where there are several, and recall averaged over all."""
    size, predicted = estimator.population.size, _predicted(estimator)
    found: Found = {}
    for label in [1] if isinstance(fit, BinaryFit) else fit.main_classes:
        for metric, of in (("precision", predicted[label]), ("recall", _true(estimator, label) * size)):
            if isinstance(estimator, BinaryEstimator):
                name, share = metric, attempt(metric, partial(estimator.estimate, metric))
            else:
                name = f"{metric}:{fit.class_names[label]}"
                share = attempt(metric, partial(estimator.estimate, metric, label=label))
            found[name] = share, share_by_chance(share, size=of)
    if isinstance(estimator, MulticlassEstimator):
        found["macro_recall"] = _averaged(estimator)
    return found


def _averaged(estimator: MulticlassEstimator) -> tuple[Estimate, Range]:
    """Return recall averaged over all classes: what chance decides of each adds up."""
    mean = attempt("macro_recall", partial(estimator.estimate, "recall", average="macro"))
    true, right = (np.maximum(each, 0.0) for each in (estimator.margins.true, estimator.margins.right))
    rate = np.clip(np.divide(right, true, out=np.zeros_like(true), where=true > 0), 0.0, 1.0)
    each = np.divide(rate * (1 - rate), true, out=np.zeros_like(true), where=true > 0)
    return mean, mean_by_chance(mean, spread=float(each.mean()) / len(each), size=estimator.population.size)


def _predicted(estimator: BinaryEstimator | MulticlassEstimator) -> FloatArray:
    cells = estimator.population
    return np.asarray(np.bincount(cells.predicted, cells.n, minlength=estimator.classes), dtype=np.float64)


def _true(estimator: BinaryEstimator | MulticlassEstimator, label: int) -> float:
    """Return the estimated share of predictions that are truly of this class."""
    if isinstance(estimator, BinaryEstimator):
        table = estimator.confusion
        return max(table.tp + table.fn, 0.0)
    return max(float(estimator.margins.true[label]), 0.0)


def _of_numbers(estimator: RegressionEstimator) -> Found:
    size, weight, errors = estimator.population.size, estimator.sample.overall, errors_of(estimator)
    mae, bias, within = (attempt(metric, partial(estimator.estimate, metric)) for metric in ("mae", "bias", "within"))
    gain = attempt("mae_gain", partial(estimator.gain, "mae"))
    return {
        "mae": (mae, mean_by_chance(mae, spread=weighted_variance(np.abs(errors), weight), size=size)),
        "bias": (bias, mean_by_chance(bias, spread=weighted_variance(errors, weight), size=size)),
        "within": (within, share_by_chance(within, size=size)),
        "mae_gain": (gain, None),
    }
