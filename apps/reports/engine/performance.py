"""Performance: how often the model is right, over the whole population, with the uncorrected figure beside."""

from functools import partial

import numpy as np
import pandas as pd

from apps.reports.engine.document import FURTHER_METRICS, PERFORMANCE_METRICS, REGRESSION_METRICS, Figures, NaiveFigures
from apps.reports.engine.estimating import BinaryJudge, Judge, MulticlassJudge, RegressionJudge
from apps.reports.engine.figures_of import Ask, figures, naive_figures
from apps.reports.engine.selection import Selection
from apps.stats.estimate import Estimate
from apps.stats.estimators.exact import uncorrected_figure
from apps.stats.estimators.regression import uncorrected_error


class Performance:
    """The figures of a model of any task."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    def figures(self, selection: Selection) -> Figures:
        return figures(_asked(self.judge, selection), selection.basis)

    def further(self, selection: Selection) -> Figures:
        """Figures for those who want to know more, of the parts of the window alone."""
        return figures(_further(self.judge, selection), selection.basis)

    def share(self, selection: Selection) -> Estimate | None:
        """Right decisions."""
        return None if isinstance(self.judge, RegressionJudge) else self.judge.of(selection).estimate("accuracy")

    def naive(self, selection: Selection) -> NaiveFigures:
        """From all answered draws of the selection, each counting the same."""
        answered = selection.draws[selection.draws["is_answered"]]
        return naive_figures(_uncorrected(self.judge, answered))


def _asked(judge: Judge, selection: Selection) -> dict[str, Ask]:
    if isinstance(judge, BinaryJudge):
        binary = judge.of(selection)
        return {metric: partial(binary.estimate, metric) for metric in PERFORMANCE_METRICS}
    if isinstance(judge, RegressionJudge):
        regression = judge.of(selection)
        return {metric: partial(regression.estimate, metric) for metric in REGRESSION_METRICS}
    several = judge.of(selection)
    asked: dict[str, Ask] = {"accuracy": partial(several.estimate, "accuracy")}
    for label, name in enumerate(judge.class_names):
        for metric in ("precision", "recall"):
            asked[f"{metric}:{name}"] = partial(several.estimate, metric, label=label)
    return asked


def _further(judge: Judge, selection: Selection) -> dict[str, Ask]:
    if isinstance(judge, BinaryJudge):
        binary = judge.of(selection)
        return {metric: partial(binary.estimate, metric) for metric in FURTHER_METRICS}
    if isinstance(judge, RegressionJudge):
        return {}
    several = judge.of(selection)
    averaged = (("macro", "precision"), ("macro", "recall"), ("macro", "f1"), ("weighted", "f1"))
    asked: dict[str, Ask] = {
        f"{average}_{metric}": partial(several.estimate, metric, average=average) for average, metric in averaged
    }
    return asked | {metric: partial(several.estimate, metric) for metric in ("balanced_accuracy", "mcc", "kappa")}


def _uncorrected(judge: Judge, answered: pd.DataFrame) -> dict[str, Ask]:
    if isinstance(judge, RegressionJudge):
        alone = partial(uncorrected_error, predicted=answered["predicted"], truth=answered["known"])
        return {metric: partial(alone, metric) for metric in REGRESSION_METRICS}
    predicted, truth = judge.classes(answered["predicted"]), judge.truths(answered["known"])
    if isinstance(judge, MulticlassJudge):
        return _uncorrected_classes(judge, predicted, truth)
    score = answered["score"]
    return {
        metric: partial(uncorrected_figure, metric, predicted=predicted, truth=truth, score=score)
        for metric in PERFORMANCE_METRICS
    }


def _uncorrected_classes(judge: MulticlassJudge, predicted: np.ndarray, truth: np.ndarray) -> dict[str, Ask]:
    right = {"predicted": np.ones(len(truth)), "truth": predicted == truth}
    asked: dict[str, Ask] = {"accuracy": partial(uncorrected_figure, "accuracy", **right)}
    for label, name in enumerate(judge.class_names):
        rows = {"predicted": predicted == label, "truth": truth == label}
        for metric in ("precision", "recall"):
            asked[f"{metric}:{name}"] = partial(uncorrected_figure, metric, **rows)
    return asked
