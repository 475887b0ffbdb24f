"""What each topic of a report offers for a selection, and how estimates become figures of the document."""

from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from apps.reports.engine.document import Figure, Figures, NaiveFigures
from apps.reports.engine.estimating import Fit
from apps.reports.engine.evidence import Basis, Selection
from apps.stats.estimate import Estimate, missing

log = structlog.get_logger(__name__)

Compute = Callable[[], Estimate]
# Methods that count predictions, whatever their truth.
OF_PREDICTIONS = ("wilson", "plain")
# Reasons that would stand with every truth known.
WHATEVER_THE_TRUTH = ("no_population", "no_baseline", "no_score", "no_amount", "no_value_model", "unsupported_task")


class Topic(Protocol):
    """One kind of report: its figures for any selection, and those of the answered items alone."""

    @property
    def fit(self) -> Fit: ...

    def figures(self, selection: Selection) -> Figures: ...

    def further(self, selection: Selection) -> Figures:
        """Compute more figures, for the parts of the window alone."""

    def naive(self, selection: Selection) -> NaiveFigures:
        """Compute the figures of all answered draws, each counting the same."""

    def share(self, selection: Selection) -> Estimate | None:
        """Return the share by which slices are tested against the rest; None where the topic has none."""


def figure(estimate: Estimate, basis: Basis) -> Figure:
    """Return the estimate as it is stored, with what its selection rests on."""
    if basis.is_unseen and estimate.method not in OF_PREDICTIONS and estimate.code not in WHATEVER_THE_TRUTH:
        estimate = missing("not_observable", n=estimate.n, covered_share=estimate.covered_share)
    code = estimate.code
    if code is None and basis.lacks_outcomes:
        code = "outcomes_missing"
    if code is None and basis.sliced_share < 1:
        code = "slice_incomplete"
    if code == "no_population" and basis.is_unanswered:
        code = "no_response"
    covered = basis.covered_share if estimate.covered_share is None else estimate.covered_share
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "method": estimate.method,
        "n": estimate.n,
        "n_eff": estimate.n_eff,
        "outcomes": basis.outcomes,
        "reviews": basis.reviews,
        "response_rate": basis.response_rate,
        "outcome_share": basis.outcome_share,
        "covered_share": None if covered is None else covered * basis.sliced_share,
        "code": code,
        "labels_needed": estimate.labels_needed,
        "bounds": None,
    }


def figures(metrics: Mapping[str, Compute], basis: Basis) -> Figures:
    """Compute each metric; one that fails does not take the others with it."""
    return {metric: figure(attempt(metric, compute), basis) for metric, compute in metrics.items()}


def naive_figures(metrics: Mapping[str, Compute]) -> NaiveFigures:
    """Compute each metric of the answered items alone."""
    estimates = {metric: attempt(metric, compute) for metric, compute in metrics.items()}
    return {metric: {"value": estimate.value, "n": estimate.n} for metric, estimate in estimates.items()}


def attempt(what: str, compute: Compute) -> Estimate:
    """Return the estimate; on an error, the code `failed`, with the error in the log."""
    try:
        return compute()
    except (ValueError, ArithmeticError, LookupError, TypeError):
        log.exception("figure_failed", figure=what)
        return missing("failed")
