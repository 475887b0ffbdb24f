"""Value: what the decisions were worth in money, against the baseline, and what one point of accuracy is worth."""

from collections.abc import Callable
from decimal import Decimal
from functools import cached_property, partial

import numpy as np
import pandas as pd

from apps.registry.models import ValueModel
from apps.reports.engine.choices import next_labels, threshold
from apps.reports.engine.document import VALUE_METRICS, Figures, NaiveFigures, ValueSection
from apps.reports.engine.estimating import BinaryJudge, Judge, RegressionJudge
from apps.reports.engine.figures_of import Ask, figures, naive_figures, point_estimate
from apps.reports.engine.losses import losses
from apps.reports.engine.selection import Selection
from apps.reports.services import window_frames
from apps.stats.estimate import Estimate, missing
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.multiclass import MulticlassEstimator
from apps.stats.estimators.value import ValueMatrix

PER = 1_000
ClassEstimator = BinaryEstimator | MulticlassEstimator


class Value:
    """The money of a model under its value model. Without one, or for a number, there is none."""

    def __init__(self, judge: Judge, value_model: ValueModel | None) -> None:
        self.judge = judge
        self.value_model = value_model

    def figures(self, selection: Selection) -> Figures:
        return figures(self._asked(selection), selection.basis)

    def further(self, _selection: Selection) -> Figures:
        return {}

    def share(self, _selection: Selection) -> Estimate | None:
        return None

    def naive(self, selection: Selection) -> NaiveFigures:
        """From all answered draws of the selection, each counting the same."""
        if self.value_model is None or isinstance(self.judge, RegressionJudge):
            return {}
        answered = selection.draws[selection.draws["is_answered"]]
        compared = answered[answered["baseline"] != window_frames.NO_BASELINE]
        own, baseline = self._worth(answered, "predicted"), self._worth(compared, "baseline")
        difference = self._worth(compared, "predicted") - baseline
        asked: dict[str, Ask] = {
            "value_total": partial(_mean, own, selection.size),
            "value_per_1000": partial(_mean, own, PER),
            "baseline_value_per_1000": partial(_mean, baseline, PER),
            "value_difference": partial(_mean, difference, selection.size),
            "value_difference_per_1000": partial(_mean, difference, PER),
        }
        return naive_figures(asked)

    def section(self, selection: Selection) -> ValueSection | None:
        """What only the whole window shows: where money is lost, and what the reviews cost."""
        chosen = self.value_model
        if chosen is None or isinstance(self.judge, RegressionJudge):
            return None
        reviews = int(selection.draws["answers"].sum())
        section: ValueSection = {
            "currency": chosen.currency,
            "version": chosen.version,
            "statement": chosen.statement,
            "matrix": chosen.matrix,
            "is_per_amount": chosen.is_per_amount,
            "review_cost_each": f"{chosen.review_cost:.2f}",
            "reviews": reviews,
            "review_cost": f"{chosen.review_cost * Decimal(reviews):.2f}",
            "by_error": [],
            "losses": [],
        }
        if isinstance(self.judge, BinaryJudge):
            names = self.judge.class_names
            point = self.judge.of(selection).accuracy_point(self.matrix)
            dearest = sorted(point.by_error.items(), key=lambda kind: -kind[1])
            section["by_error"] = [
                {"predicted": names[i], "truth": names[j], "value": worth} for (i, j), worth in dearest
            ]
            section["losses"] = losses(self.judge, self.matrix)
            section["threshold"] = threshold(self.judge, self.matrix)
            section["next_labels"] = next_labels(self.judge, self.matrix, cost=float(chosen.review_cost))
        return section

    @cached_property
    def matrix(self) -> ValueMatrix:
        """In money, classes in the judge's order."""
        assert self.value_model is not None
        assert not isinstance(self.judge, RegressionJudge)
        names, worth = self.judge.class_names, self.value_model.matrix
        return ValueMatrix.of(
            [[float(Decimal(str(worth[said][true]))) for true in names] for said in names],
            uses_amount=self.value_model.is_per_amount,
        )

    def _asked(self, selection: Selection) -> dict[str, Ask]:
        judge = self.judge
        if isinstance(judge, RegressionJudge):
            return {metric: partial(missing, "unsupported_task") for metric in VALUE_METRICS}
        if self.value_model is None:
            asked: dict[str, Ask] = {metric: partial(missing, "no_value_model") for metric in VALUE_METRICS}
            return asked | {"accuracy": partial(judge.of(selection).estimate, "accuracy")}
        if isinstance(judge, BinaryJudge):
            return self._of_two_classes(judge.of(selection))
        several = judge.of(selection)
        return {
            **{metric: partial(missing, "unsupported_task") for metric in VALUE_METRICS},
            **self._both(several, lambda: several.swapped),
            **self._difference(several),
            "accuracy": partial(several.estimate, "accuracy"),
        }

    def _of_two_classes(self, binary: BinaryEstimator) -> dict[str, Ask]:
        def point() -> Estimate:
            return point_estimate(binary.accuracy_point(self.matrix), n=len(binary.sample.pi))

        return {
            **self._both(binary, lambda: binary.swapped),
            **self._difference(binary),
            "accuracy_point_value": point,
            "accuracy": partial(binary.estimate, "accuracy"),
        }

    def _difference(self, own: ClassEstimator) -> dict[str, Ask]:
        """How much more than the baseline, where there is one."""

        def difference(scale: float) -> Estimate:
            return own.mean_value(self.matrix, against_baseline=True).scaled(scale)

        return {
            "value_difference": lambda: difference(max(own.with_baseline.population.size, 1.0)),
            "value_difference_per_1000": partial(difference, PER),
        }

    def _both(self, own: ClassEstimator, swapped: Callable[[], ClassEstimator]) -> dict[str, Ask]:
        """Total and value of 1,000 decisions, of the model and of the baseline."""

        def of_baseline(*, per_decision: float | None) -> Estimate:
            there = swapped()
            size = there.population.size
            if not size:
                return missing("no_baseline")
            return there.mean_value(self.matrix).scaled(per_decision or size)

        return {
            "value_total": partial(own.value, self.matrix),
            "value_per_1000": lambda: own.mean_value(self.matrix).scaled(PER),
            "baseline_value_total": partial(of_baseline, per_decision=None),
            "baseline_value_per_1000": partial(of_baseline, per_decision=PER),
        }

    def _worth(self, rows: pd.DataFrame, said: str) -> np.ndarray:
        predicted, truth = self.judge.classes(rows[said]), self.judge.truths(rows["known"])
        return self.matrix.of_rows(predicted, truth, rows["amount"])


def _mean(worth: np.ndarray, scale: float) -> Estimate:
    if not len(worth):
        return missing("no_labels")
    return Estimate(float(worth.mean()) * scale, None, None, "uncorrected", len(worth))
