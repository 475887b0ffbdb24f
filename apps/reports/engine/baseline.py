"""Model against baseline: how often they differ, which one is right then, and what that makes of accuracy."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from apps.reports.engine import number_baseline
from apps.reports.engine.document import BaselineSection, Figures, Matrix, NaiveFigures
from apps.reports.engine.estimating import BinaryFit, Fit, RegressionFit
from apps.reports.engine.evidence import NO_BASELINE, Selection, traffic_of
from apps.reports.engine.number_baseline import closer_counts, differing
from apps.reports.engine.protocol import Compute, attempt, figures, naive_figures
from apps.stats.comparison.baseline import compare, mcnemar
from apps.stats.estimate import Estimate, missing
from apps.stats.estimators.exact import uncorrected_figure
from apps.stats.estimators.multiclass import MulticlassEstimator
from apps.stats.intervals import wilson_interval
from apps.stats.reviewers.agreement import agreement_table, cohen_kappa


class Baseline:
    """The comparison with the baseline."""

    def __init__(self, fit: Fit) -> None:
        self.fit = fit

    def figures(self, selection: Selection) -> Figures:
        return figures(_metrics(self.fit, selection), selection.basis)

    def further(self, _selection: Selection) -> Figures:
        return {}

    def share(self, selection: Selection) -> Estimate | None:
        """Return the share in which model and baseline differ; of numbers, how often the model is closer then."""
        if isinstance(self.fit, RegressionFit):
            return self.fit.of(selection).closer("model")
        return disagreement_rate(selection)

    def naive(self, selection: Selection) -> NaiveFigures:
        answered = selection.reviewed
        compared = with_baseline(answered)
        if isinstance(self.fit, RegressionFit):
            return naive_figures(number_baseline.uncorrected(self.fit, answered, compared))
        metrics: dict[str, Compute] = {
            "win_rate": partial(_share_right, differing(selection.evidence.model, compared), "predicted"),
            "accuracy": partial(_share_right, answered, "predicted"),
            "baseline_accuracy": partial(_share_right, compared, "baseline"),
        }
        return naive_figures(metrics)

    def section(self, selection: Selection) -> BaselineSection:
        """Compute the matrix, and the counts among the checked disagreements, of the whole window."""
        checked = checked_disagreements(selection)
        is_number = isinstance(self.fit, RegressionFit)
        model_right, baseline_right = closer_counts(checked) if is_number else _right_counts(checked)
        z, p = self._mcnemar(selection, model_right, baseline_right)
        compared = with_baseline(selection.cells)
        return {
            "matrix": None if is_number else self._matrix(selection),
            "disagreements": int(differing(selection.evidence.model, compared)["n"].sum()),
            "model_right": model_right,
            "baseline_right": baseline_right,
            "neither_right": len(checked) - model_right - baseline_right,
            "mcnemar_z": z,
            "mcnemar_p": p,
            "without_baseline": int(selection.size - compared["n"].sum()),
        }

    def _mcnemar(
        self, selection: Selection, model_right: int, baseline_right: int
    ) -> tuple[float | None, float | None]:
        """Test the difference: weighted, z = Δ̂/√V; the plain test of the disagreements where all outcomes are in.

        Of numbers, the difference is that of their mean errors, and the plain test the sign test.
        """
        fit = self.fit
        difference = (
            partial(fit.of(selection).gain, "mae")
            if isinstance(fit, RegressionFit)
            else fit.of(selection).accuracy_difference
        )
        compared = compare(attempt("difference", difference))
        if compared.code != "exact":
            return compared.z, compared.p_value
        plain = mcnemar(model_right, baseline_right)
        if plain is None:
            return None, None
        sign = 1.0 if model_right >= baseline_right else -1.0
        return sign * plain.statistic**0.5, plain.p_value

    def _matrix(self, selection: Selection) -> Matrix:
        cells = with_baseline(selection.cells)
        counts = _table(selection, cells, cells["n"])
        return {"classes": list(selection.evidence.model.classes), "counts": counts.astype(int).tolist()}


def _metrics(fit: Fit, selection: Selection) -> dict[str, Compute]:
    metrics: dict[str, Compute] = {"disagreement_rate": partial(disagreement_rate, selection)}
    if isinstance(fit, RegressionFit):
        return metrics | number_baseline.metrics(fit, fit.of(selection))
    metrics["kappa"] = partial(_agreement, selection)
    if isinstance(fit, BinaryFit):
        binary = fit.of(selection)
        return metrics | {
            "win_rate": binary.win_rate,
            "accuracy_difference": binary.accuracy_difference,
            "accuracy": partial(binary.estimate, "accuracy"),
            "baseline_accuracy": partial(binary.estimate, "accuracy", of="baseline"),
        }
    several = fit.of(selection)
    return metrics | {
        "win_rate": several.win_rate,
        "accuracy_difference": several.accuracy_difference,
        "accuracy": partial(several.estimate, "accuracy"),
        "baseline_accuracy": partial(_baseline_accuracy, several),
    }


def disagreement_rate(selection: Selection) -> Estimate:
    """Return the share of the selection in which model and baseline differ: counted, with Wilson's interval."""
    cells = with_baseline(selection.cells)
    n = effective(cells)
    if not n:
        return missing("no_baseline" if selection.size else "no_population")
    apart, traffic = (float(traffic_of(rows).sum()) for rows in (differing(selection.evidence.model, cells), cells))
    low, high = wilson_interval(apart * (n / traffic), n)
    return Estimate(apart / traffic, low, high, "wilson", int(cells["n"].sum()), n_eff=n)


def effective(cells: pd.DataFrame) -> float:
    """Return the number of equally logged predictions that would say as much: (Σw)²/Σw², w what each stands for."""
    traffic = float(traffic_of(cells).sum())
    return traffic * (traffic / (traffic + float(cells["sum_logging"].sum()))) if traffic else 0.0


def _agreement(selection: Selection) -> Estimate:
    """Return Cohen's κ between model and baseline."""
    cells = with_baseline(selection.cells)
    if cells.empty:
        return missing("no_baseline" if selection.size else "no_population")
    traffic = traffic_of(cells)
    counts = _table(selection, cells, traffic * (effective(cells) / float(traffic.sum())))
    return replace(cohen_kappa(counts), n=int(cells["n"].sum()))


def _baseline_accuracy(several: MulticlassEstimator) -> Estimate:
    baseline = several.swapped
    return baseline.estimate("accuracy") if baseline.population.size else missing("no_baseline")


def _table(selection: Selection, cells: pd.DataFrame, n: pd.Series) -> np.ndarray:
    """Count predictions by class of the model (rows) and of the baseline (columns), classes as registered."""
    return agreement_table(
        cells["predicted"],
        cells["baseline"],
        classes=len(selection.evidence.model.classes),
        n=n,
    )


def checked_disagreements(selection: Selection) -> pd.DataFrame:
    """Return the predictions that differ from the baseline and whose truth is known, from outcomes or reviews."""
    rows = selection.rows[selection.rows["truth"].notna()]
    draws = selection.draws
    items = draws[draws["is_open"] & draws["is_blind"] & draws["is_answered"]]
    columns = ["predicted", "baseline", "true"]
    known = pd.concat(
        [rows.rename(columns={"truth": "true"})[columns], items.rename(columns={"known": "true"})[columns]],
        ignore_index=True,
    )
    return differing(selection.evidence.model, with_baseline(known))


def _right_counts(rows: pd.DataFrame) -> tuple[int, int]:
    return int((rows["predicted"] == rows["true"]).sum()), int((rows["baseline"] == rows["true"]).sum())


def _share_right(rows: pd.DataFrame, column: str) -> Estimate:
    return uncorrected_figure("accuracy", predicted=np.ones(len(rows)), truth=rows[column] == rows["known"])


def with_baseline(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["baseline"] != NO_BASELINE]
