"""Whether a shadow may take the place of the model in use, by all that is known since its first prediction."""

import math

from apps.reports.engine.baseline import checked_disagreements, disagreement_rate, with_baseline
from apps.reports.engine.document import VerdictSection
from apps.reports.engine.estimating import Fit, RegressionFit
from apps.reports.engine.evidence import Selection, traffic_of
from apps.reports.engine.protocol import attempt, figure
from apps.stats.comparison import promotion
from apps.stats.estimate import Estimate


def verdict(fit: Fit, selection: Selection) -> VerdictSection:
    """Judge the shadow by the share it gets right, or of numbers by its mean error, against the model in use."""
    is_number = isinstance(fit, RegressionFit)
    metric = "mae_gain" if is_number else "accuracy_difference"
    difference = attempt("verdict", lambda: _difference(fit, selection))
    rate = disagreement_rate(selection).value or 0.0
    size = float(traffic_of(with_baseline(selection.cells)).sum())
    by_class = math.sqrt(max(rate - (difference.value or 0.0) ** 2, 0.0))
    spread = _spread_of_numbers(selection, rate) if is_number else by_class
    judged = promotion.verdict(difference, spread=spread, n_items=max(size, 1.0))
    return {"metric": metric, "says": judged.says, "figure": figure(judged.difference, selection.basis)}


def _difference(fit: Fit, selection: Selection) -> Estimate:
    if isinstance(fit, RegressionFit):
        return fit.of(selection).gain("mae")
    return fit.of(selection).accuracy_difference()


def _spread_of_numbers(selection: Selection, rate: float) -> float:
    """Estimate the standard deviation of the difference of a prediction's errors, from those that are known."""
    rows = checked_disagreements(selection)
    gain = (rows["baseline"] - rows["true"]).abs() - (rows["predicted"] - rows["true"]).abs()
    return math.sqrt(rate * float((gain**2).mean())) if len(rows) else 0.0
