"""Value: what the decisions are worth in money, against the baseline.

Advice as well: where to put the threshold, what one point of accuracy is worth, and whether more labels pay.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import cached_property, partial

import numpy as np
import pandas as pd

from apps.registry.models import ValueModel
from apps.reports.engine.baseline import with_baseline
from apps.reports.engine.document import (
    VALUE_METRICS,
    Figures,
    NaiveFigures,
    NextLabels,
    ThresholdSection,
    ValueSection,
)
from apps.reports.engine.estimating import BinaryFit, ClassFit
from apps.reports.engine.evidence import Selection, headline_part, open_part, traffic_of
from apps.reports.engine.losses import losses, lost_by
from apps.reports.engine.protocol import Compute, attempt, figure, figures, naive_figures
from apps.stats.arrays import FloatArray
from apps.stats.decisions.review_budget import difference_by_all_labels, review_budget
from apps.stats.decisions.thresholds import threshold_curve
from apps.stats.decisions.worth_of_labels import worth_of_labels
from apps.stats.estimate import Estimate, missing
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.multiclass import MulticlassEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.value import ValueMatrix

PER = 1_000
# The number of further labels whose worth is reported.
NEXT = 100

ClassEstimator = BinaryEstimator | MulticlassEstimator


class Value:
    """The money of a model under its value model; none without a value model."""

    def __init__(self, fit: ClassFit, value_model: ValueModel | None) -> None:
        self.fit = fit
        self.value_model = value_model

    def figures(self, selection: Selection) -> Figures:
        return figures(self._metrics(selection), selection.basis)

    def further(self, _selection: Selection) -> Figures:
        return {}

    def share(self, _selection: Selection) -> Estimate | None:
        return None

    def naive(self, selection: Selection) -> NaiveFigures:
        if self.value_model is None:
            return {}
        answered = selection.reviewed
        compared = with_baseline(answered)
        own, baseline = self._worth(answered, "predicted"), self._worth(compared, "baseline")
        difference = self._worth(compared, "predicted") - baseline
        metrics: dict[str, Compute] = {
            "value_total": partial(_mean, own, selection.traffic),
            "value_per_1000": partial(_mean, own, PER),
            "baseline_value_per_1000": partial(_mean, baseline, PER),
            "value_difference": partial(_mean, difference, float(traffic_of(with_baseline(selection.cells)).sum())),
            "value_difference_per_1000": partial(_mean, difference, PER),
        }
        return naive_figures(metrics)

    def section(self, selection: Selection) -> ValueSection | None:
        """Compute the losses, the advice and the cost of the reviews, of the whole window."""
        chosen = self.value_model
        if chosen is None:
            return None
        reviews = int(selection.draws["answers"].sum() + selection.left_draws["answers"].sum())
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
        if not selection.is_unseen:
            found = losses(self.fit, lost_by(self.fit, self.matrix))
            section["losses"] = found["losses"]
            section["losses_tested"], section["loss_average"] = found["losses_tested"], found["loss_average"]
        if isinstance(self.fit, BinaryFit) and not selection.is_unseen:
            names = self.fit.class_names
            point = self.fit.of(selection).accuracy_point(self.matrix)
            dearest = sorted(point.by_error.items(), key=lambda kind: -kind[1])
            section["by_error"] = [
                {"predicted": names[i], "truth": names[j], "value": worth} for (i, j), worth in dearest
            ]
            section["threshold"] = _threshold(self.fit, self.matrix)
            section["next_labels"] = _next_labels(self.fit, self.matrix, cost=float(chosen.review_cost))
        return section

    @cached_property
    def matrix(self) -> ValueMatrix:
        """The value of each decision in money, classes in the order of the fit."""
        assert self.value_model is not None
        names, worth = self.fit.class_names, self.value_model.matrix
        return ValueMatrix.of(
            [[float(Decimal(str(worth[predicted][truth]))) for truth in names] for predicted in names],
            uses_amount=self.value_model.is_per_amount,
        )

    def _metrics(self, selection: Selection) -> dict[str, Compute]:
        fit = self.fit
        if self.value_model is None:
            metrics: dict[str, Compute] = {metric: partial(missing, "no_value_model") for metric in VALUE_METRICS}
            return metrics | {"accuracy": partial(fit.of(selection).estimate, "accuracy")}
        if isinstance(fit, BinaryFit):
            return self._binary_metrics(fit.of(selection))
        several = fit.of(selection)
        return {
            **{metric: partial(missing, "unsupported_task") for metric in VALUE_METRICS},
            **self._both(several, lambda: several.swapped),
            **self._difference(several),
            "accuracy": partial(several.estimate, "accuracy"),
        }

    def _binary_metrics(self, binary: BinaryEstimator) -> dict[str, Compute]:
        return {
            **self._both(binary, lambda: binary.swapped),
            **self._difference(binary),
            "accuracy_point_value": partial(_accuracy_point, binary, self.matrix),
            "accuracy": partial(binary.estimate, "accuracy"),
        }

    def _difference(self, own: ClassEstimator) -> dict[str, Compute]:
        """Compare the value of model and baseline, over the predictions with a baseline."""

        return {
            "value_difference": partial(own.value, self.matrix, against_baseline=True),
            "value_difference_per_1000": lambda: own.mean_value(self.matrix, against_baseline=True).scaled(PER),
        }

    def _both(self, own: ClassEstimator, swapped: Callable[[], ClassEstimator]) -> dict[str, Compute]:
        """Compute total and value of 1,000 predictions, of the model and of the baseline."""

        def of_baseline(*, is_total: bool) -> Estimate:
            baseline = swapped()
            if not baseline.population.size:
                return missing("no_baseline")
            return baseline.value(self.matrix) if is_total else baseline.mean_value(self.matrix).scaled(PER)

        return {
            "value_total": partial(own.value, self.matrix),
            "value_per_1000": lambda: own.mean_value(self.matrix).scaled(PER),
            "baseline_value_total": partial(of_baseline, is_total=True),
            "baseline_value_per_1000": partial(of_baseline, is_total=False),
        }

    def _worth(self, rows: pd.DataFrame, column: str) -> np.ndarray:
        predicted, truth = self.fit.classes(rows[column]), self.fit.truths(rows["known"])
        return self.matrix.of_rows(predicted, truth, rows["amount"])


def _mean(worth: np.ndarray, scale: float) -> Estimate:
    if not len(worth):
        return missing("no_labels")
    return Estimate(float(worth.mean()) * scale, None, None, "uncorrected", len(worth))


def _accuracy_point(binary: BinaryEstimator, matrix: ValueMatrix) -> Estimate:
    """Estimate the worth of one point of accuracy, with its range over the kinds of error."""
    point, n = binary.accuracy_point(matrix), len(binary.sample.pi)
    if point.value is None:
        return missing(point.code or "no_errors", n=n)
    return Estimate(point.value, point.low, point.high, "range", n)


def _threshold(fit: BinaryFit, matrix: ValueMatrix) -> ThresholdSection:
    """Compute the curve of the headline's days, the flat range around its best, and the advice that follows."""
    selection = headline_part(fit.evidence)
    estimator = fit.of(selection)
    current = threshold_in_use(estimator.cells)
    # The band is simulated: the same record gives the same band.
    rng = np.random.default_rng(fit.evidence.seq)
    curve = threshold_curve(estimator, matrix, rng=rng, current=current)
    choice = curve.choice
    return {
        "part": "closed" if fit.evidence.closed else "all",
        "scores": curve.thresholds.tolist(),
        "above": _above(curve.thresholds, estimator.cells),
        "value": (curve.value * PER).tolist(),
        "band_low": (curve.band_low * PER).tolist(),
        "band_high": (curve.band_high * PER).tolist(),
        "current": choice.current if choice else current,
        "best": choice.best if choice else None,
        "flat_low": choice.flat_low if choice else None,
        "flat_high": choice.flat_high if choice else None,
        "advice": choice.advice if choice else None,
        "gain": figure(choice.gain.scaled(PER), selection.basis) if choice and choice.gain else None,
        "code": curve.code,
        "labels_needed": curve.labels_needed,
    }


def _above(thresholds: FloatArray, cells: Population) -> list[int]:
    """Count the predictions that each threshold makes positive: at the last one none."""
    by_bin = np.bincount(cells.bin, cells.logged) if len(thresholds) else np.zeros(0)
    from_bin = by_bin[::-1].cumsum()[::-1]
    firsts = np.searchsorted(cells.score_bins.bounds, thresholds[:-1])
    return [*(round(n) for n in from_bin[firsts]), *(0 for _ in thresholds[-1:])]


def threshold_in_use(cells: Population) -> float | None:
    """Find the score from which on the model predicts "positive"; None where it follows no threshold."""
    scored = cells.bin >= 0
    predicted, bins, n = cells.predicted[scored], cells.bin[scored], cells.n[scored]
    if not (predicted == 1).any() or not (predicted == 0).any():
        return None
    edges = cells.score_bins.bounds
    first = int(bins[predicted == 1].min())
    # The threshold's own bin holds both classes; a stray decision elsewhere shows that more than the score decides.
    if n[(predicted == 0) & (bins > first)].sum():
        return None
    shared = (predicted == 0) & (bins == first)
    return float(edges[first + 1] if n[shared].sum() > n[(predicted == 1) & (bins == first)].sum() else edges[first])


def _next_labels(fit: BinaryFit, matrix: ValueMatrix, *, cost: float) -> NextLabels | None:
    """Estimate the worth of the next labels; None where the outcomes of all days are known."""
    opened = open_part(fit.evidence)
    if not opened.cohorts:
        return None
    estimator, decisions = fit.of(opened), float(traffic_of(opened.evidence.cells).sum())
    difference = attempt("difference", lambda: difference_by_all_labels(estimator, matrix))
    labels = worth_of_labels(difference, NEXT, decisions=decisions, cost_per_label=cost)
    best = review_budget(estimator, matrix, decisions=decisions, cost_per_label=cost)
    return {
        "k": NEXT,
        "worth": labels.worth,
        "cost": labels.cost,
        "best_k": None if labels.worth is None else best.k,
        "code": labels.code,
    }
