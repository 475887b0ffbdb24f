"""From evidence to estimators: known rows enter with π = 1, reviewed items with π times their response rate.

One estimator is fitted on the whole window; that of a selection keeps its pseudo-truths, on its own cells and items.
"""

from dataclasses import replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apps.registry.models import Task
from apps.reports.engine.evidence import NO_BASELINE, Evidence, Selection, traffic_of
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.gaps import Gaps
from apps.stats.estimators.multiclass import MulticlassEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.regression import RegressionEstimator
from apps.stats.estimators.sample import Sample
from apps.stats.sample_size import MINIMUM_CHANCE_LABELS, MINIMUM_CHANCE_LABELS_OF_SLICE, missed_error_bound

# With more classes, figures of each day and slice would make hundreds of tables that nobody reads.
MOST_CLASSES = 10

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


class _Fit:
    """The evidence as arrays for an estimator; classes and truths by their position."""

    def __init__(self, evidence: Evidence, *, is_at_word: bool = False) -> None:
        self.evidence = evidence
        # Takes reviewers' labels for the truth, without the second opinions.
        self.is_at_word = is_at_word

    def classes(self, stored: pd.Series) -> Codes:
        """Return the classes; −1 for none."""
        return np.asarray(np.maximum(stored, -1), dtype=np.int64)

    def baselines(self, rows: pd.DataFrame) -> Codes:
        """Return what the rows' baseline is to the estimator: its class."""
        return self.classes(rows["baseline"])

    def truths(self, stored: pd.Series) -> Floats:
        return stored.to_numpy(dtype=np.float64)

    def population(self, cells: pd.DataFrame) -> Population:
        """Return the cells with π lowered by non-response."""
        return self.drawn_from(cells).with_response(cells["rate"])

    def drawn_from(self, cells: pd.DataFrame) -> Population:
        """Return the cells with the probabilities of the draw alone."""
        return Population.of(
            predicted=self.classes(cells["predicted"]),
            baseline=self.baselines(cells),
            bin=cells["score_bin"],
            n=traffic_of(cells),
            sum_score=cells["sum_score"],
            sum_score2=cells["sum_score2"],
            sum_pi=cells["sum_pi"],
            sum_odds=cells["sum_odds"],
            sum_odds2=cells["sum_odds2"],
            sum_chance=cells["sum_chance"],
            sum_amount=cells["sum_amount"],
            sum_amount2_odds=cells["sum_amount2_odds"],
            sum_amount4_odds2=cells["sum_amount4_odds2"],
            n_uncovered=cells["n_uncovered"],
            logged=cells["n"],
            sum_logging=cells["sum_logging"],
            sum_amount2_logging=cells["sum_amount2_logging"],
            score_bins=self.evidence.score_bins,
        )

    def sample(self) -> Sample:
        """Return the known rows, then the review sample."""
        rows, items = self.evidence.known_rows, self.evidence.items
        ones, none = np.ones(len(rows)), np.full(len(rows), np.nan)
        truth = self.truths(rows["truth"])
        sample = Sample.of(
            predicted=np.concatenate([self.classes(rows["predicted"]), self.classes(items["predicted"])]),
            baseline=np.concatenate([self.baselines(rows), self.baselines(items)]),
            score=np.concatenate([rows["score"], items["score"]]),
            pi=np.concatenate([ones, items["pi"]]),
            label=np.concatenate([truth, self.truths(items["first_label"])]),
            adjudicated=np.concatenate([0 * ones, items["is_settled"].to_numpy(dtype=np.float64)]),
            q=np.concatenate([none, items["settled_q"]]),
            truth=np.concatenate([truth, self.truths(items["known"])]),
            amount=np.concatenate([rows["amount"], items["amount"]]),
            log_share=np.concatenate([rows["log_share"], items["log_share"]]),
            score_bins=self.evidence.score_bins,
        )
        sample = sample.with_response(np.concatenate([rows["rate"], items["rate"]]))
        return sample.at_word() if self.is_at_word else sample


class BinaryFit(_Fit):
    """Estimators of a binary model: 1 is the positive class."""

    @cached_property
    def base(self) -> BinaryEstimator:
        """The estimator of the whole window."""
        return BinaryEstimator(self.population(self.evidence.cells), self.sample())

    def of(self, selection: Selection) -> BinaryEstimator:
        estimator = self.base.within(self.population(selection.cells), items=selection.item_mask)
        return replace(estimator, least_by_chance=least_by_chance(selection))

    def classes(self, stored: pd.Series) -> Codes:
        """Return 1, 0, or -1 for none."""
        values = stored.to_numpy(dtype=np.float64)
        return np.where(values < 0, -1, values == self.evidence.model.positive_index).astype(np.int64)

    def truths(self, stored: pd.Series) -> Floats:
        """Return 1, 0, or nan where the truth is not known."""
        values = stored.to_numpy(dtype=np.float64)
        return np.where(np.isnan(values), np.nan, values == self.evidence.model.positive_index)

    @property
    def class_names(self) -> list[str]:
        model = self.evidence.model
        return [*(name for name in model.classes if name != model.positive_class), model.positive_class]


class MulticlassFit(_Fit):
    """Estimators of a model with several classes, in the order they are registered."""

    @cached_property
    def base(self) -> MulticlassEstimator:
        """The estimator of the whole window."""
        cells = self.population(self.evidence.cells)
        return MulticlassEstimator(cells, self.sample(), classes=len(self.class_names))

    def of(self, selection: Selection) -> MulticlassEstimator:
        estimator = self.base.within(self.population(selection.cells), items=selection.item_mask)
        return replace(estimator, least_by_chance=least_by_chance(selection))

    @property
    def class_names(self) -> list[str]:
        return list(self.evidence.model.classes)

    @cached_property
    def main_classes(self) -> list[int]:
        """The classes followed over time and by slice: all, or those with most predictions, the largest first."""
        classes = len(self.class_names)
        if classes <= MOST_CLASSES:
            return list(range(classes))
        cells = self.evidence.cells
        size = np.bincount(self.classes(cells["predicted"]), cells["n"], minlength=classes)
        return [int(label) for label in np.argsort(-size, kind="stable")[:MOST_CLASSES]]

    @property
    def leaves_classes_out(self) -> bool:
        """Whether only some classes are followed over time and by slice."""
        return len(self.class_names) > MOST_CLASSES


class RegressionFit(_Fit):
    """Estimators of a model that predicts a number."""

    @cached_property
    def base(self) -> RegressionEstimator:
        """The estimator of the whole window."""
        cells = self.population(self.evidence.cells)
        predicted, bins = self._numbers("predicted"), self._numbers("score_bin")
        return RegressionEstimator(
            cells,
            self.sample(),
            predicted=predicted,
            bins=bins,
            baseline=others_of(self._numbers("baseline")),
            tolerance=self.evidence.model.allowed,
        )

    def of(self, selection: Selection) -> RegressionEstimator:
        estimator = self.base.within(self.population(selection.cells), items=selection.item_mask)
        return replace(estimator, least_by_chance=least_by_chance(selection))

    def classes(self, stored: pd.Series) -> Codes:
        """Return zeros: numbers have one class."""
        return np.zeros(len(stored), dtype=np.int64)

    def baselines(self, rows: pd.DataFrame) -> Codes:
        """Return how far the baseline's number lies from the model's, as a code."""
        return self.gaps.place(rows["predicted"], others_of(rows["baseline"]))

    @cached_property
    def gaps(self) -> Gaps:
        """The codes, with bins of all predictions of the window."""
        cells = self.evidence.cells
        others, n = others_of(cells["baseline"]), traffic_of(cells)
        return Gaps.of(cells["predicted"], others, n, tolerance=self.evidence.model.allowed)

    @property
    def has_tolerance(self) -> bool:
        """Whether the model says how far off a prediction may be and still be right."""
        return self.evidence.model.allowed.is_declared

    def _numbers(self, column: str) -> Floats:
        rows, items = self.evidence.known_rows, self.evidence.items
        return np.concatenate([rows[column], items[column]]).astype(np.float64)


def others_of(baseline: pd.Series | Floats) -> Floats:
    """Return the numbers of the baseline; nan where there is none."""
    numbers = np.asarray(baseline, dtype=np.float64)
    return np.where(numbers == NO_BASELINE, np.nan, numbers)


ClassFit = BinaryFit | MulticlassFit
Fit = ClassFit | RegressionFit


def fit_of(evidence: Evidence, *, is_at_word: bool = False) -> Fit:
    """Return the estimators for the model's task."""
    if evidence.model.task == Task.BINARY:
        return BinaryFit(evidence, is_at_word=is_at_word)
    kind = RegressionFit if evidence.model.is_regression else MulticlassFit
    return kind(evidence, is_at_word=is_at_word)


def least_by_chance(selection: Selection) -> float:
    """Return the labels by chance alone that a figure takes to stand; none where all days rest on outcomes."""
    if not selection.cells["is_open"].any():
        return 0.0
    return MINIMUM_CHANCE_LABELS_OF_SLICE if selection.slice_name else MINIMUM_CHANCE_LABELS


def labels_by_chance(selection: Selection) -> float | None:
    """Return the labels that chance alone is expected to give, as drawn and answered; None without open days."""
    opened = selection.cells[selection.cells["is_open"]]
    return float((opened["sum_chance"] * opened["rate"]).sum()) if len(opened) else None


def missed_errors(fit: Fit, selection: Selection) -> float | None:
    """Bound the share of predictions that are wrong where no policy looks, at 95 %; None where chance found such.

    Only draws that chance alone made can find them, so none among these bounds them. A wrong prediction that another
    policy draws as well, with probability p, counts as 1 − p/(its probability by chance).
    """
    labels = labels_by_chance(selection)
    if not labels or (isinstance(fit, RegressionFit) and not fit.has_tolerance):
        return None
    counted = selection.draws[selection.draws["is_open"] & selection.draws["is_blind"]]
    found = counted[counted["is_answered"] & counted["is_by_chance"]]
    is_wrong = ~np.asarray(fit.evidence.model.agrees(found["predicted"], found["known"]), dtype=np.bool_)
    return None if is_wrong.any() else missed_error_bound(labels * _least_weight(selection))


def _least_weight(selection: Selection) -> float:
    """Return what a prediction stands for on average, as a share of the most: errors may hide where least is logged."""
    opened = selection.cells[selection.cells["is_open"]]
    traffic = traffic_of(opened)
    largest = float(((traffic + opened["sum_logging"]) / traffic).max())
    return float(traffic.sum() / opened["n"].sum()) / largest
