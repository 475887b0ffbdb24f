"""Performance: how often the model is right, over the whole population, with the uncorrected figure beside."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from apps.reports.document import PERFORMANCE_METRICS, Figures, NaiveFigures
from apps.reports.services.figures_of import Ask, figures, naive_figures
from apps.reports.services.judging import BinaryJudge, Judge, MulticlassJudge, RegressionJudge
from apps.reports.services.selection import Selection
from apps.stats.estimate import Estimate, missing
from apps.stats.exact import uncorrected_figure
from apps.stats.regression import LOSSES


class Performance:
    """The figures of a model of any task."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    def figures(self, selection: Selection) -> Figures:
        return figures(_asked(self.judge, selection), selection.basis)

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
        return {metric: partial(regression.estimate, metric) for metric in LOSSES}
    several = judge.of(selection)
    asked: dict[str, Ask] = {"accuracy": partial(several.estimate, "accuracy")}
    for label, name in enumerate(judge.class_names):
        for metric in ("precision", "recall"):
            asked[f"{metric}:{name}"] = partial(several.estimate, metric, label=label)
    return asked


def _uncorrected(judge: Judge, answered: pd.DataFrame) -> dict[str, Ask]:
    if isinstance(judge, RegressionJudge):
        return {metric: partial(_mean_loss, loss, answered) for metric, loss in LOSSES.items()}
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


def _mean_loss(loss: Callable[..., np.ndarray], answered: pd.DataFrame) -> Estimate:
    if not len(answered):
        return missing("no_labels")
    losses = loss(answered["predicted"].to_numpy(), answered["known"].to_numpy())
    return Estimate(float(losses.mean()), None, None, "uncorrected", len(answered))
