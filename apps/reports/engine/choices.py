"""What a figure advises: where to put the threshold, and whether more answers are worth their cost."""

import numpy as np

from apps.reports.engine.document import NextLabels, ThresholdSection
from apps.reports.engine.estimating import BinaryJudge
from apps.reports.engine.figures_of import answer, figure
from apps.reports.engine.selection import Selection, headline_part, open_part
from apps.stats.decisions.review_budget import difference_by_all_labels, review_budget
from apps.stats.decisions.thresholds import threshold_curve
from apps.stats.decisions.worth_of_labels import worth_of_labels
from apps.stats.estimators.population import Population
from apps.stats.estimators.value import ValueMatrix
from apps.stats.score_bins import bin_edges

PER = 1_000
NEXT = 100


def threshold(judge: BinaryJudge, matrix: ValueMatrix) -> ThresholdSection:
    """The curve of the headline's days, the flat range around the best, and what it advises."""
    selection = headline_part(judge.evidence)
    estimator = judge.of(selection)
    current = threshold_in_use(estimator.cells)
    # The band is simulated: the same record gives the same band.
    rng = np.random.default_rng(judge.evidence.seq)
    curve = threshold_curve(estimator, matrix, rng=rng, current=current)
    choice = curve.choice
    return {
        "part": "closed" if judge.evidence.closed else "all",
        "scores": curve.thresholds.tolist(),
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


def threshold_in_use(cells: Population) -> float | None:
    """The score from which on the model says "positive", where its decisions follow a threshold; None elsewhere."""
    scored = cells.bin >= 0
    said, bins, n = cells.predicted[scored], cells.bin[scored], cells.n[scored]
    if not (said == 1).any() or not (said == 0).any():
        return None
    edges = 1 / (1 + np.exp(-bin_edges()))
    first = int(bins[said == 1].min())
    # Within the threshold's own bin there are both; elsewhere a stray decision shows that there is more to it.
    strays = float(n[(said == 0) & (bins > first)].sum())
    if strays:
        return None
    shared = (said == 0) & (bins == first)
    return float(edges[first + 1] if n[shared].sum() > n[(said == 1) & (bins == first)].sum() else edges[first])


def next_labels(judge: BinaryJudge, matrix: ValueMatrix, *, cost: float) -> NextLabels | None:
    """What the next answers are worth; None where the outcomes of all days are in."""
    opened: Selection = open_part(judge.evidence)
    if not opened.cohorts:
        return None
    estimator, decisions = judge.of(opened), opened.evidence.size
    difference = answer("difference", lambda: difference_by_all_labels(estimator, matrix))
    found = worth_of_labels(difference, NEXT, decisions=decisions, cost_per_label=cost)
    best = review_budget(estimator, matrix, decisions=decisions, cost_per_label=cost)
    return {
        "k": NEXT,
        "worth": found.worth,
        "cost": found.cost,
        "best_k": None if found.worth is None else best.k,
        "code": found.code,
    }
