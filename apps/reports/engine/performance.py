"""Performance: how often the model is right, over the whole population, with the uncorrected figures beside.

Checks on these figures as well: labels with and without second opinions, the reviews of closed days beside their
outcomes, and the labels a narrower range takes. For two classes, expected beside measured performance, and outcomes so
far.
"""

from collections.abc import Iterable
from functools import partial

import numpy as np
import pandas as pd

from apps.reports.engine.document import (
    FURTHER_METRICS,
    PERFORMANCE_METRICS,
    REGRESSION_METRICS,
    ChecksSection,
    Figures,
    Hindsight,
    LabelPlan,
    NaiveFigures,
    Part,
    SecondOpinions,
)
from apps.reports.engine.drifting import drift
from apps.reports.engine.estimating import BinaryFit, Fit, MulticlassFit, RegressionFit, fit_of
from apps.reports.engine.evidence import Evidence, Selection, whole
from apps.reports.engine.protocol import Compute, attempt, figure, figures, naive_figures
from apps.reports.engine.so_far import so_far
from apps.stats.design.binary_expectation import BinaryExpectation
from apps.stats.design.class_expectation import ClassExpectation
from apps.stats.design.expectation import Expectation
from apps.stats.design.number_expectation import EarlierNumbers, NumberExpectation
from apps.stats.design.planning import Plan
from apps.stats.estimate import Estimate
from apps.stats.estimators.exact import uncorrected_figure
from apps.stats.estimators.hajek import hajek_mean
from apps.stats.estimators.multiclass import MulticlassEstimator
from apps.stats.estimators.number_losses import uncorrected_error
from apps.stats.estimators.recalibration import RAW_SCORE, Recalibration

# Half width of the range that the label plan aims at.
TARGET = 0.02
# Of each class.
RATES = ("precision", "recall")


class Performance:
    """The performance of a model of any task."""

    def __init__(self, fit: Fit) -> None:
        self.fit = fit

    def figures(self, selection: Selection) -> Figures:
        return figures(_metrics(self.fit, selection), selection.basis)

    def further(self, selection: Selection) -> Figures:
        return figures(_further(self.fit, selection), selection.basis)

    def share(self, selection: Selection) -> Estimate | None:
        """Return the share of right predictions; None for numbers without a tolerance."""
        fit = self.fit
        if isinstance(fit, RegressionFit):
            return fit.of(selection).estimate("within") if fit.has_tolerance else None
        return fit.of(selection).estimate("accuracy")

    def naive(self, selection: Selection) -> NaiveFigures:
        answered = selection.reviewed
        return naive_figures(_uncorrected(self.fit, answered))

    def checks(self, evidence: Evidence, parts: dict[Part, Selection]) -> ChecksSection:
        """Run all checks; the scores of two classes say what to expect, and what outcomes so far stand for."""
        fit, closed, opened = self.fit, parts.get("closed"), parts.get("open")
        both: tuple[Part, ...] = ("closed", "open")
        known = [part for part in both if part in parts and not parts[part].is_unseen]
        return {
            "drift": [found for part in known for found in drift(fit, part, parts[part])]
            if isinstance(fit, BinaryFit)
            else [],
            "second_opinions": _second_opinions(fit, opened) if opened else None,
            "hindsight": _hindsight(fit, evidence, closed) if closed else None,
            "so_far": so_far(fit, evidence) if opened and isinstance(fit, BinaryFit) else None,
            "plan": _label_plan(fit, opened) if opened else None,
        }


def _metrics(fit: Fit, selection: Selection) -> dict[str, Compute]:
    if isinstance(fit, BinaryFit):
        return _binary_metrics(fit, selection)
    if isinstance(fit, RegressionFit):
        regression = fit.of(selection)
        return {metric: partial(regression.estimate, metric) for metric in _of_numbers(fit)}
    several = fit.of(selection)
    return {"accuracy": partial(several.estimate, "accuracy")} | _of_classes(fit, several, fit.main_classes, RATES)


def _of_numbers(fit: RegressionFit) -> list[str]:
    """List the metrics of numbers; being within the tolerance takes one."""
    return [metric for metric in REGRESSION_METRICS if metric != "within" or fit.has_tolerance]


def _of_classes(
    fit: MulticlassFit, several: MulticlassEstimator, labels: Iterable[int], metrics: Iterable[str]
) -> dict[str, Compute]:
    return {
        f"{metric}:{fit.class_names[label]}": partial(several.estimate, metric, label=label)
        for label in labels
        for metric in metrics
    }


def _binary_metrics(fit: BinaryFit, selection: Selection) -> dict[str, Compute]:
    estimator = fit.of(selection)
    return {metric: partial(estimator.estimate, metric) for metric in PERFORMANCE_METRICS}


def _further(fit: Fit, selection: Selection) -> dict[str, Compute]:
    if isinstance(fit, BinaryFit):
        binary = fit.of(selection)
        return {metric: partial(binary.estimate, metric) for metric in FURTHER_METRICS}
    if isinstance(fit, RegressionFit):
        return {}
    several = fit.of(selection)
    averaged = (("macro", "precision"), ("macro", "recall"), ("macro", "f1"), ("weighted", "f1"))
    metrics: dict[str, Compute] = {
        f"{average}_{metric}": partial(several.estimate, metric, average=average) for average, metric in averaged
    }
    metrics |= {metric: partial(several.estimate, metric) for metric in ("balanced_accuracy", "mcc", "kappa")}
    others = sorted(set(range(len(fit.class_names))) - set(fit.main_classes))
    metrics |= _of_classes(fit, several, fit.main_classes, ["f1"])
    return metrics | _of_classes(fit, several, others, RATES)


def _uncorrected(fit: Fit, answered: pd.DataFrame) -> dict[str, Compute]:
    if isinstance(fit, RegressionFit):
        allowed = fit.evidence.model.allowed
        alone = partial(uncorrected_error, predicted=answered["predicted"], truth=answered["known"], tolerance=allowed)
        return {metric: partial(alone, metric) for metric in _of_numbers(fit)}
    predicted, truth = fit.classes(answered["predicted"]), fit.truths(answered["known"])
    if isinstance(fit, MulticlassFit):
        return _uncorrected_classes(fit, predicted, truth)
    score = answered["score"]
    return {
        metric: partial(uncorrected_figure, metric, predicted=predicted, truth=truth, score=score)
        for metric in PERFORMANCE_METRICS
    }


def _uncorrected_classes(fit: MulticlassFit, predicted: np.ndarray, truth: np.ndarray) -> dict[str, Compute]:
    right = {"predicted": np.ones(len(truth)), "truth": predicted == truth}
    metrics: dict[str, Compute] = {"accuracy": partial(uncorrected_figure, "accuracy", **right)}
    for label in fit.main_classes:
        name = fit.class_names[label]
        rows = {"predicted": predicted == label, "truth": truth == label}
        for metric in RATES:
            metrics[f"{metric}:{name}"] = partial(uncorrected_figure, metric, **rows)
    return metrics


def _second_opinions(fit: Fit, opened: Selection) -> SecondOpinions | None:
    """Estimate the open days with and without correction for reviewers' errors; None without second opinions."""
    if not fit.evidence.items["is_settled"].any():
        return None
    at_word = fit_of(fit.evidence, is_at_word=True)
    return {"corrected": _figures(fit, opened), "at_word": _figures(at_word, opened)}


def _hindsight(fit: Fit, evidence: Evidence, closed: Selection) -> Hindsight | None:
    """Estimate the closed days from their reviews, beside their outcomes; None where no reviewed case has one."""
    then = evidence.as_reviewed
    answered = then.items[then.items["outcome"].notna()]
    if answered.empty:
        return None
    reviewed = whole(then)
    return {
        "days": len(closed.cohorts),
        "n": int(closed.size),
        "answered": len(answered),
        "from_reviews": _figures(fit_of(then), reviewed),
        "from_outcomes": _figures(fit, closed),
        "disagreement": figure(attempt("disagreement", partial(_disagreement, then, answered)), reviewed.basis),
    }


def _disagreement(then: Evidence, answered: pd.DataFrame) -> Estimate:
    differs = ~np.asarray(then.model.agrees(answered["first_label"], answered["outcome"]), dtype=np.bool_)
    chance = answered["pi"] * answered["rate"] * answered["log_share"]
    return hajek_mean(differs.astype(float), chance, is_bounded=True)


def _label_plan(fit: Fit, opened: Selection) -> LabelPlan | None:
    """Plan the range of the share right if every drawn case were answered, and the labels that TARGET takes."""
    metric = "within" if isinstance(fit, RegressionFit) else "accuracy"
    expected = _expectation(fit, opened)
    if expected is None:
        return None
    plan = Plan(expected)
    planned, needed = plan.half_width(metric), plan.labels_for(metric, TARGET)
    return {
        "metric": metric,
        "drawn": int((opened.draws["is_blind"]).sum()),
        "half_width": planned.half_width,
        "target": TARGET,
        "labels_needed": None if needed.code or needed.labels is None else int(np.ceil(needed.labels)),
        "code": needed.code,
    }


def _expectation(fit: Fit, opened: Selection) -> Expectation | None:
    """Return what this window's labels lead to expect; None for numbers without a tolerance."""
    cells = fit.drawn_from(opened.cells)
    if isinstance(fit, BinaryFit):
        fitted = fit.base.fitted
        return BinaryExpectation(cells, proxy=fitted if isinstance(fitted, Recalibration) else RAW_SCORE)
    if isinstance(fit, MulticlassFit):
        return ClassExpectation(cells, class_names=fit.class_names, proxy=fit.base.fitted)
    if not fit.has_tolerance:
        return None
    known = fit.base
    earlier = EarlierNumbers.of(
        numbers=known.predicted, truth=known.sample.truth, bin=known.bins, pi=known.sample.overall
    )
    return NumberExpectation(cells.compact(), earlier, tolerance=fit.evidence.model.allowed)


def _figures(fit: Fit, selection: Selection) -> Figures:
    return figures(_metrics(fit, selection), selection.basis)
