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
from apps.reports.engine.costs import costs_of
from apps.reports.engine.decisions import decisions_of
from apps.reports.engine.document import (
    VALUE_METRICS,
    ErrorKind,
    Figures,
    NaiveFigures,
    NextLabels,
    ThresholdSection,
    ValueSection,
)
from apps.reports.engine.estimating import BinaryFit, ClassFit, Fit, RegressionFit
from apps.reports.engine.evidence import Selection, headline_part, open_part, traffic_of
from apps.reports.engine.losses import losses, lost_by
from apps.reports.engine.number_value import best_shift_of
from apps.reports.engine.protocol import Compute, attempt, figure, figures, naive_figures
from apps.stats.arrays import FloatArray
from apps.stats.decisions.review_budget import difference_by_all_labels, review_budget
from apps.stats.decisions.thresholds import threshold_curve
from apps.stats.decisions.worth_of_labels import worth_of_labels
from apps.stats.estimate import Estimate, missing
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.multiclass import MulticlassEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.unit_cost import UnitCost
from apps.stats.estimators.value import ValueMatrix

PER = 1_000
# The number of further labels whose worth is reported.
NEXT = 100
# Kinds of mistake that are listed: with a hundred classes there are thousands.
MOST_KINDS = 20
# What only a value model gives: the worth of a point of accuracy needs classes.
OF_MONEY = VALUE_METRICS[:6]

ClassEstimator = BinaryEstimator | MulticlassEstimator


class Value:
    """The money of a model under its value model; none without a value model."""

    def __init__(self, fit: Fit, value_model: ValueModel | None) -> None:
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
            "costs": costs_of(chosen, selection, reviews=reviews),
            "by_error": [],
            "losses": [],
        }
        fit, worth = self.fit, self.worth
        if isinstance(worth, UnitCost):
            section["over_cost"], section["under_cost"] = f"{chosen.over_cost:f}", f"{chosen.under_cost:f}"
        if selection.is_unseen:
            return section
        section["decisions"] = decisions_of(fit)
        found = losses(fit, lost_by(fit, worth))
        section["losses"] = found["losses"]
        section["losses_tested"], section["loss_average"] = found["losses_tested"], found["loss_average"]
        if isinstance(fit, RegressionFit) and isinstance(worth, UnitCost):
            section["shift"] = best_shift_of(fit, worth)
        elif isinstance(worth, ValueMatrix) and not isinstance(fit, RegressionFit):
            section["by_error"] = _by_error(fit, selection, worth)
        if isinstance(fit, BinaryFit) and isinstance(worth, ValueMatrix):
            section["threshold"] = _threshold(fit, worth)
        section["next_labels"] = self._next_labels(cost=float(chosen.review_cost))
        return section

    @cached_property
    def worth(self) -> ValueMatrix | UnitCost:
        """The value of each decision in money, classes in the order of the fit; of numbers, the cost of one unit."""
        chosen = self.value_model
        assert chosen is not None
        if isinstance(self.fit, RegressionFit):
            over, under = (float(cost or 0) for cost in (chosen.over_cost, chosen.under_cost))
            return UnitCost(over, under, uses_amount=chosen.is_per_amount)
        names, worth = self.fit.class_names, chosen.matrix
        return ValueMatrix.of(
            [[float(Decimal(str(worth[predicted][truth]))) for truth in names] for predicted in names],
            uses_amount=chosen.is_per_amount,
        )

    def _metrics(self, selection: Selection) -> dict[str, Compute]:
        fit = self.fit
        if self.value_model is None:
            metrics: dict[str, Compute] = {metric: partial(missing, "no_value_model") for metric in OF_MONEY}
            return metrics | _beside(fit, selection)
        if isinstance(fit, RegressionFit):
            numbers, cost = fit.of(selection), self.worth
            assert isinstance(cost, UnitCost)
            found = _money(partial(numbers.value, cost), partial(numbers.mean_value, cost))
            found |= {
                "baseline_value_total": partial(numbers.value, cost, of="baseline"),
                "baseline_value_per_1000": lambda: numbers.mean_value(cost, of="baseline").scaled(PER),
            }
            return found | _beside(fit, selection)
        own, matrix = fit.of(selection), self.worth
        assert isinstance(matrix, ValueMatrix)
        return {
            **_money(partial(own.value, matrix), partial(own.mean_value, matrix)),
            "baseline_value_total": lambda: _of_baseline(own, lambda other: other.value(matrix)),
            "baseline_value_per_1000": lambda: _of_baseline(own, lambda other: other.mean_value(matrix).scaled(PER)),
            "accuracy_point_value": partial(_accuracy_point, own, matrix),
            **_beside(fit, selection),
        }

    def _worth(self, rows: pd.DataFrame, column: str) -> np.ndarray:
        fit, worth = self.fit, self.worth
        if isinstance(worth, UnitCost):
            return worth.of_rows(rows[column], rows["known"], rows["amount"])
        return worth.of_rows(fit.classes(rows[column]), fit.truths(rows["known"]), rows["amount"])

    def _next_labels(self, *, cost: float) -> NextLabels | None:
        """Estimate the worth of the next labels; None where the outcomes of all days are known."""
        opened = open_part(self.fit.evidence)
        if not opened.cohorts:
            return None
        decisions = float(traffic_of(opened.evidence.cells).sum())
        estimator, worth = self.fit.of(opened), self.worth
        difference = attempt("difference", lambda: difference_by_all_labels(estimator, worth))
        labels = worth_of_labels(difference, NEXT, decisions=decisions, cost_per_label=cost)
        best = review_budget(estimator, worth, decisions=decisions, cost_per_label=cost)
        return {
            "k": NEXT,
            "worth": labels.worth,
            "cost": labels.cost,
            "best_k": None if labels.worth is None else best.k,
            "code": labels.code,
        }


def _money(total: Callable[..., Estimate], mean: Callable[..., Estimate]) -> dict[str, Compute]:
    """Compute total and value of 1,000 predictions, and what both gain over the baseline."""
    return {
        "value_total": total,
        "value_per_1000": lambda: mean().scaled(PER),
        "value_difference": partial(total, against_baseline=True),
        "value_difference_per_1000": lambda: mean(against_baseline=True).scaled(PER),
    }


def _beside(fit: Fit, selection: Selection) -> dict[str, Compute]:
    """Compute what stands beside the money: the share of right predictions, or the mean error of numbers."""
    if not isinstance(fit, RegressionFit):
        return {"accuracy": partial(fit.of(selection).estimate, "accuracy")}
    metric = "within" if fit.has_tolerance else "mae"
    return {metric: partial(fit.of(selection).estimate, metric)}


def _of_baseline(own: ClassEstimator, figure_of: Callable[[ClassEstimator], Estimate]) -> Estimate:
    baseline = own.swapped
    return figure_of(baseline) if baseline.population.size else missing("no_baseline")


def _by_error(fit: ClassFit, selection: Selection, matrix: ValueMatrix) -> list[ErrorKind]:
    """List the worth of one point of accuracy by kind of mistake, the dearest first."""
    names, point = fit.class_names, fit.of(selection).accuracy_point(matrix)
    dearest = sorted(point.by_error.items(), key=lambda kind: -kind[1])[:MOST_KINDS]
    return [{"predicted": names[i], "truth": names[j], "value": worth} for (i, j), worth in dearest]


def _mean(worth: np.ndarray, scale: float) -> Estimate:
    if not len(worth):
        return missing("no_labels")
    return Estimate(float(worth.mean()) * scale, None, None, "uncorrected", len(worth))


def _accuracy_point(own: ClassEstimator, matrix: ValueMatrix) -> Estimate:
    """Estimate the worth of one point of accuracy, with its range over the kinds of error."""
    point, n = own.accuracy_point(matrix), len(own.sample.pi)
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
