"""The constant by which to raise or lower every predicted number, so that errors cost least."""

from functools import partial

from apps.reports.engine.document import ShiftSection
from apps.reports.engine.estimating import RegressionFit
from apps.reports.engine.evidence import headline_part
from apps.reports.engine.protocol import figure
from apps.stats.decisions.shift import best_shift
from apps.stats.estimators.unit_cost import UnitCost

PER = 1_000


def best_shift_of(fit: RegressionFit, cost: UnitCost) -> ShiftSection | None:
    """Find the shift over the headline's days; None where amounts weigh the errors, or one direction costs nothing."""
    if cost.uses_amount or not cost.over or not cost.under:
        return None
    selection = headline_part(fit.evidence)
    best = best_shift(fit.of(selection), cost)
    as_figure = partial(figure, basis=selection.basis)
    return {
        "part": "closed" if fit.evidence.closed else "all",
        "shift": as_figure(best.shift),
        "saving": as_figure(best.saving.scaled(PER) if best.saving.value is not None else best.saving),
        "advice": best.advice,
    }
