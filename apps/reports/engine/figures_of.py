"""From estimates to the figures of a document, each with the shares it rests on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from apps.reports.engine.document import Figure, Figures, NaiveFigure, NaiveFigures
from apps.stats.estimate import Estimate, missing
from apps.stats.estimators.value import AccuracyPoint

log = structlog.get_logger(__name__)

Ask = Callable[[], Estimate]


@dataclass(frozen=True)
class Basis:
    """What all figures of one selection have in common."""

    response_rate: float | None
    outcome_share: float | None
    covered_share: float | None
    # Some outcomes of closed days never came, and no rule stands in for them.
    lacks_outcomes: bool = False


def figure(estimate: Estimate, basis: Basis) -> Figure:
    """One estimate as it is stored."""
    code = estimate.code
    if code is None and basis.lacks_outcomes:
        code = "outcomes_missing"
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "method": estimate.method,
        "n": estimate.n,
        "n_eff": estimate.n_eff,
        "response_rate": basis.response_rate,
        "outcome_share": basis.outcome_share,
        "covered_share": basis.covered_share if estimate.covered_share is None else estimate.covered_share,
        "code": code,
        "labels_needed": estimate.labels_needed,
    }


def figures(asked: Mapping[str, Ask], basis: Basis) -> Figures:
    """The figures asked for; one that cannot be computed does not take the others with it."""
    return {metric: figure(answer(metric, ask), basis) for metric, ask in asked.items()}


def answer(what: str, ask: Ask) -> Estimate:
    """The estimate, or the code `failed` and the error in the log."""
    try:
        return ask()
    except (ValueError, ArithmeticError, LookupError, TypeError):
        log.exception("figure_failed", figure=what)
        return missing("failed")


def naive_figures(asked: Mapping[str, Ask]) -> NaiveFigures:
    """What the answered items alone would say."""
    found = {metric: answer(metric, ask) for metric, ask in asked.items()}
    return {metric: naive_figure(estimate) for metric, estimate in found.items()}


def naive_figure(estimate: Estimate) -> NaiveFigure:
    return {"value": estimate.value, "n": estimate.n}


def point_estimate(point: AccuracyPoint, *, n: int) -> Estimate:
    """The worth of an accuracy point with its range over the kinds of error."""
    if point.value is None:
        return missing(point.code or "no_errors", n=n)
    return Estimate(point.value, point.low, point.high, "range", n)
