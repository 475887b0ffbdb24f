"""From evidence to an estimator: known rows enter with π = 1, reviewed items with π times their response rate.

One estimator is fitted on the whole window; that of a selection has the same pseudo-truths on its own cells and items.
"""

from dataclasses import replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apps.registry.models import MonitoredModel, Task
from apps.reports.engine.evidence import Evidence
from apps.reports.engine.selection import Selection
from apps.sampling.models import PolicyKind, SamplingPolicy
from apps.stats.estimate import missed_error_bound
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.multiclass import MulticlassEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.regression import RegressionEstimator
from apps.stats.estimators.sample import Sample

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


class BinaryJudge:
    """Of a binary model: 1 is the positive class."""

    def __init__(self, evidence: Evidence, *, is_at_word: bool = False) -> None:
        self.evidence = evidence
        # Whether reviewers' answers are taken for the truth, without the second opinions.
        self.is_at_word = is_at_word

    @cached_property
    def base(self) -> BinaryEstimator:
        """That of the whole window."""
        return BinaryEstimator(population_of(self, self.evidence.cells), sample_of(self, self.evidence))

    def of(self, selection: Selection) -> BinaryEstimator:
        found = self.base.within(population_of(self, selection.cells), items=selection.item_mask)
        return replace(found, floor_rate=floor_rate(selection))

    def classes(self, stored: pd.Series) -> Codes:
        """1, 0, or -1 for none."""
        values = stored.to_numpy(dtype=np.float64)
        return np.where(values < 0, -1, values == self.evidence.model.positive_index).astype(np.int64)

    def truths(self, stored: pd.Series) -> Floats:
        """1, 0, or nan where nothing is known."""
        values = stored.to_numpy(dtype=np.float64)
        return np.where(np.isnan(values), np.nan, values == self.evidence.model.positive_index)

    @property
    def class_names(self) -> list[str]:
        model = self.evidence.model
        return [*(name for name in model.classes if name != model.positive_class), model.positive_class]


class MulticlassJudge:
    """Of a model with several classes, by their position."""

    def __init__(self, evidence: Evidence, *, is_at_word: bool = False) -> None:
        self.evidence = evidence
        # Whether reviewers' answers are taken for the truth, without the second opinions.
        self.is_at_word = is_at_word

    @cached_property
    def base(self) -> MulticlassEstimator:
        """That of the whole window."""
        cells = population_of(self, self.evidence.cells)
        return MulticlassEstimator(cells, sample_of(self, self.evidence), classes=len(self.class_names))

    def of(self, selection: Selection) -> MulticlassEstimator:
        found = self.base.within(population_of(self, selection.cells), items=selection.item_mask)
        return replace(found, floor_rate=floor_rate(selection))

    def classes(self, stored: pd.Series) -> Codes:
        return stored.to_numpy(dtype=np.int64)

    def truths(self, stored: pd.Series) -> Floats:
        return stored.to_numpy(dtype=np.float64)

    @property
    def class_names(self) -> list[str]:
        return list(self.evidence.model.classes)


class RegressionJudge:
    """Of a model that predicts a number."""

    def __init__(self, evidence: Evidence, *, is_at_word: bool = False) -> None:
        self.evidence = evidence
        # Whether reviewers' answers are taken for the truth, without the second opinions.
        self.is_at_word = is_at_word

    @cached_property
    def base(self) -> RegressionEstimator:
        """That of the whole window."""
        cells = population_of(self, self.evidence.cells)
        predicted, bins = self._numbers("predicted"), self._numbers("score_bin")
        return RegressionEstimator(cells, sample_of(self, self.evidence), predicted=predicted, bins=bins)

    def of(self, selection: Selection) -> RegressionEstimator:
        found = self.base.restrict(items=selection.item_mask)
        cells = population_of(self, selection.cells)
        return replace(found, population=cells, floor_rate=floor_rate(selection))

    def _numbers(self, column: str) -> Floats:
        rows, items = self.evidence.known_rows, self.evidence.items
        return np.concatenate([rows[column], items[column]]).astype(np.float64)

    def classes(self, stored: pd.Series) -> Codes:
        """There is one kind of prediction, and no baseline class."""
        return np.zeros(len(stored), dtype=np.int64)

    def truths(self, stored: pd.Series) -> Floats:
        return stored.to_numpy(dtype=np.float64)


Judge = BinaryJudge | MulticlassJudge | RegressionJudge


def judge_of(evidence: Evidence, *, is_at_word: bool = False) -> Judge:
    """The judge for the model's task."""
    if evidence.model.task == Task.BINARY:
        return BinaryJudge(evidence, is_at_word=is_at_word)
    kind = RegressionJudge if evidence.model.is_regression else MulticlassJudge
    return kind(evidence, is_at_word=is_at_word)


def population_of(judge: Judge, cells: pd.DataFrame) -> Population:
    """The cells with π lowered by non-response."""
    return drawn_from(judge, cells).with_response(cells["rate"])


def drawn_from(judge: Judge, cells: pd.DataFrame) -> Population:
    """The cells with the probabilities of the draw, whoever answers."""
    return Population.of(
        predicted=judge.classes(cells["predicted"]),
        baseline=judge.classes(cells["baseline"]),
        bin=cells["score_bin"],
        n=cells["n"],
        sum_score=cells["sum_score"],
        sum_score2=cells["sum_score2"],
        sum_pi=cells["sum_pi"],
        sum_odds=cells["sum_odds"],
        sum_amount=cells["sum_amount"],
        sum_amount2_odds=cells["sum_amount2_odds"],
        n_uncovered=cells["n_uncovered"],
    )


def sample_of(judge: Judge, evidence: Evidence) -> Sample:
    """Known rows first, then the review sample."""
    rows, items = evidence.known_rows, evidence.items
    ones, none = np.ones(len(rows)), np.full(len(rows), np.nan)
    truth = judge.truths(rows["truth"])
    sample = Sample.of(
        predicted=np.concatenate([judge.classes(rows["predicted"]), judge.classes(items["predicted"])]),
        baseline=np.concatenate([judge.classes(rows["baseline"]), judge.classes(items["baseline"])]),
        score=np.concatenate([rows["score"], items["score"]]),
        pi=np.concatenate([ones, items["pi"]]),
        label=np.concatenate([truth, judge.truths(items["said"])]),
        adjudicated=np.concatenate([0 * ones, items["is_settled"].to_numpy(dtype=np.float64)]),
        q=np.concatenate([none, items["settled_q"]]),
        truth=np.concatenate([truth, judge.truths(items["known"])]),
        amount=np.concatenate([rows["amount"], items["amount"]]),
    )
    sample = sample.with_response(np.concatenate([rows["rate"], items["rate"]]))
    return sample.at_word() if judge.is_at_word else sample


def floor_rate(selection: Selection) -> float | None:
    """Probability that a prediction gets a label by chance alone; None where no label is needed."""
    opened = selection.cells[selection.cells["is_open"]]
    if not len(opened):
        return None
    model, basis = selection.evidence.model, selection.basis
    share = float(opened["n"].sum()) / selection.size
    return random_rate(model) * model.blind_share * (basis.response_rate or 0.0) * share


def random_rate(model: MonitoredModel) -> float:
    """The rate of the widest policy in force that draws from everything alike."""
    policies = SamplingPolicy.objects.filter(
        model=model, kind__in=[PolicyKind.FLOOR, PolicyKind.UNIFORM], condition__isnull=True
    ).current()
    return max((float(policy.settings["rate"]) for policy in policies), default=0.0)


def floor_labels(selection: Selection) -> float | None:
    """Expected labels of the random floor; None where no label is needed."""
    rate = floor_rate(selection)
    return None if rate is None else rate * selection.size


def missed_errors(selection: Selection) -> float | None:
    """Upper bound of the share of errors that neither score nor sample shows; None where it has no meaning."""
    labels = floor_labels(selection)
    return missed_error_bound(labels) if labels else None
