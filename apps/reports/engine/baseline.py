"""Model against baseline: how often they differ, who is right then, and what that makes of accuracy."""

from functools import partial

import numpy as np
import pandas as pd

from apps.reports.engine.document import BASELINE_METRICS, BaselineSection, Figures, Matrix, NaiveFigures
from apps.reports.engine.estimating import BinaryJudge, Judge, RegressionJudge
from apps.reports.engine.figures_of import Ask, answer, figures, naive_figures
from apps.reports.engine.selection import Selection
from apps.reports.services import window_frames
from apps.stats.comparison.baseline import compare, mcnemar
from apps.stats.estimate import Estimate, missing
from apps.stats.estimators.exact import uncorrected_figure
from apps.stats.estimators.multiclass import MulticlassEstimator
from apps.stats.intervals import wilson_interval
from apps.stats.reviewers.agreement import agreement_table, cohen_kappa


class Baseline:
    """The comparison with the baseline. Of a model that predicts a number, nothing of it is defined."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    def figures(self, selection: Selection) -> Figures:
        return figures(self._asked(selection), selection.basis)

    def further(self, _selection: Selection) -> Figures:
        return {}

    def share(self, selection: Selection) -> Estimate | None:
        """Decisions in which model and baseline differ."""
        return None if isinstance(self.judge, RegressionJudge) else disagreement_rate(selection)

    def naive(self, selection: Selection) -> NaiveFigures:
        """From all answered draws of the selection, each counting the same."""
        if isinstance(self.judge, RegressionJudge):
            return {}
        answered = selection.draws[selection.draws["is_answered"]]
        compared = _with_baseline(answered)
        asked: dict[str, Ask] = {
            "win_rate": partial(_share_right, _apart(compared), "predicted"),
            "accuracy": partial(_share_right, answered, "predicted"),
            "baseline_accuracy": partial(_share_right, compared, "baseline"),
        }
        return naive_figures(asked)

    def section(self, selection: Selection) -> BaselineSection:
        """What only the whole window shows: the matrix, and counts among the checked disagreements."""
        apart = _checked_disagreements(selection)
        model_right = int((apart["predicted"] == apart["true"]).sum())
        baseline_right = int((apart["baseline"] == apart["true"]).sum())
        z, p = self._mcnemar(selection, model_right, baseline_right)
        compared = _with_baseline(selection.cells)
        return {
            "matrix": self._matrix(selection),
            "disagreements": int(_apart(compared)["n"].sum()),
            "model_right": model_right,
            "baseline_right": baseline_right,
            "neither_right": len(apart) - model_right - baseline_right,
            "mcnemar_z": z,
            "mcnemar_p": p,
            "without_baseline": int(selection.size - compared["n"].sum()),
        }

    def _asked(self, selection: Selection) -> dict[str, Ask]:
        judge = self.judge
        if isinstance(judge, RegressionJudge):
            return {metric: partial(missing, "unsupported_task") for metric in BASELINE_METRICS}
        asked: dict[str, Ask] = {
            "disagreement_rate": partial(disagreement_rate, selection),
            "kappa": partial(agreement, selection),
        }
        if isinstance(judge, BinaryJudge):
            binary = judge.of(selection)
            return asked | {
                "win_rate": binary.win_rate,
                "accuracy_difference": binary.accuracy_difference,
                "accuracy": partial(binary.estimate, "accuracy"),
                "baseline_accuracy": partial(binary.estimate, "accuracy", of="baseline"),
            }
        several = judge.of(selection)
        return asked | {
            "win_rate": several.win_rate,
            "accuracy_difference": several.accuracy_difference,
            "accuracy": partial(several.estimate, "accuracy"),
            "baseline_accuracy": partial(_baseline_accuracy, several),
        }

    def _mcnemar(
        self, selection: Selection, model_right: int, baseline_right: int
    ) -> tuple[float | None, float | None]:
        """Weighted, z = Δ̂/√V; where all outcomes are in, the plain test of the disagreements."""
        if isinstance(self.judge, RegressionJudge):
            return None, None
        found = compare(answer("accuracy_difference", self.judge.of(selection).accuracy_difference))
        if found.code != "exact":
            return found.z, found.p_value
        plain = mcnemar(model_right, baseline_right)
        if plain is None:
            return None, None
        sign = 1.0 if model_right >= baseline_right else -1.0
        return sign * plain.statistic**0.5, plain.p_value

    def _matrix(self, selection: Selection) -> Matrix:
        if isinstance(self.judge, RegressionJudge):
            return {"classes": [], "counts": []}
        counts = _table(selection)
        return {"classes": list(selection.evidence.model.classes), "counts": counts.astype(int).tolist()}


def disagreement_rate(selection: Selection) -> Estimate:
    """Share of the selection in which model and baseline differ: counted, with Wilson's interval."""
    cells = _with_baseline(selection.cells)
    n = float(cells["n"].sum())
    if not n:
        return missing("no_baseline" if selection.size else "no_population")
    apart = float(_apart(cells)["n"].sum())
    low, high = wilson_interval(apart, n)
    return Estimate(apart / n, low, high, "wilson", int(n), n_eff=n)


def agreement(selection: Selection) -> Estimate:
    """Cohen's κ between model and baseline."""
    counts = _table(selection)
    if not counts.sum():
        return missing("no_baseline" if selection.size else "no_population")
    return cohen_kappa(counts)


def _baseline_accuracy(several: MulticlassEstimator) -> Estimate:
    there = several.swapped
    return there.estimate("accuracy") if there.population.size else missing("no_baseline")


def _table(selection: Selection) -> np.ndarray:
    """Counts of predictions by what the model said (rows) and the baseline (columns), classes as registered."""
    cells = _with_baseline(selection.cells)
    return agreement_table(
        cells["predicted"],
        cells["baseline"],
        classes=len(selection.evidence.model.classes),
        n=cells["n"],
    )


def _checked_disagreements(selection: Selection) -> pd.DataFrame:
    """Predictions that differ from the baseline and whose truth is known, from outcomes or reviews."""
    rows = selection.rows[selection.rows["truth"].notna()]
    draws = selection.draws
    items = draws[draws["is_open"] & draws["is_blind"] & draws["is_answered"]]
    columns = ["predicted", "baseline", "true"]
    known = pd.concat(
        [rows.rename(columns={"truth": "true"})[columns], items.rename(columns={"known": "true"})[columns]],
        ignore_index=True,
    )
    return _apart(_with_baseline(known))


def _share_right(rows: pd.DataFrame, said: str) -> Estimate:
    return uncorrected_figure("accuracy", predicted=np.ones(len(rows)), truth=rows[said] == rows["known"])


def _with_baseline(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["baseline"] != window_frames.NO_BASELINE]


def _apart(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["predicted"] != rows["baseline"]]
