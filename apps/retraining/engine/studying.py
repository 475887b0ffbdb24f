"""From fitted candidates to the parts of a study: curve, advice, money, slices."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from apps.registry.models import Task
from apps.retraining.engine.document import AdviceSection, CurvePoint, Figure, Money, SliceGain
from apps.retraining.engine.fitting import Fitted
from apps.retraining.engine.labels import Labels, Worth
from apps.retraining.engine.refusals import LEAST_OF_A_CLASS, no_difference, no_features, one_subject
from apps.stats.arrays import BoolArray, FloatArray
from apps.stats.decisions.learning_curve import FARTHEST, LearningCurve, learning_curve
from apps.stats.decisions.paired_gain import paired_gain
from apps.stats.decisions.retraining import CANNOT_TELL, NOT_YET, YES, Advice, advise
from apps.stats.decisions.worth_of_labels import best_number_of_labels, worth_of_labels
from apps.stats.estimate import Estimate
from apps.stats.intervals import LEVEL

# A gain that nobody would train for: half a point of right answers, or a hundredth of the mean error.
MARGIN, MARGIN_OF_ERROR = 0.005, 0.01
FURTHER_STEPS = 9
PER = 1_000
NEXT = 100
MOST_LABELS = 10_000
# A slice with fewer labels has no gain of its own.
LEAST_OF_SLICE = 30
# Nor one whose range hangs on fewer independent differences.
LEAST_FREEDOM = 5
LEAST_SUBJECTS = 50


def check(labels: Labels) -> None:
    """Refuse labels that bear no study. Raises TooLittleError."""
    if not labels.columns.names:
        raise no_features()
    if len(np.unique(labels.subject)) < LEAST_SUBJECTS:
        raise one_subject()


def rarest_others(labels: Labels) -> tuple[float, int]:
    """Return the most frequent class among the labels, and how many labels have another one."""
    values, counts = np.unique(labels.known, return_counts=True)
    most = int(np.argmax(counts))
    return float(values[most]), int(len(labels) - counts[most])


def has_classes(labels: Labels) -> bool:
    return labels.task == Task.REGRESSION or rarest_others(labels)[1] >= LEAST_OF_A_CLASS


def curve_of(fitted: Fitted, *, seed: int) -> LearningCurve:
    """Estimate the curve. Raises TooLittleError where every candidate answers like the live model."""
    curve = learning_curve(fitted.trials, fitted.cases, rng=np.random.default_rng(seed))
    if curve.points[-1].gain.low is None:
        raise no_difference()
    return curve


def advice_of(curve: LearningCurve, labels: Labels, *, money: Money | None) -> AdviceSection:
    """Return the advice; where right answers and money point in opposite directions, nobody can tell."""
    live = live_figure(labels)
    margin = MARGIN_OF_ERROR * live if labels.task == Task.REGRESSION else MARGIN
    found: Advice = advise(curve, margin=margin)
    disagrees = money is not None and (
        (found.verdict == YES and (money["gain"]["high"] or 0.0) < 0)
        or (found.verdict == NOT_YET and found.enough is None and (money["gain"]["low"] or 0.0) > 0)
    )
    return {
        "verdict": CANNOT_TELL if disagrees else found.verdict,
        "size": found.size,
        "gain": figure(found.gain),
        "enough": found.enough,
        "farthest": {"size": FARTHEST * found.size, "gain": figure(found.farthest)},
        "margin": margin,
        "disagrees": disagrees,
        "live": live,
    }


def figure(estimate: Estimate) -> Figure:
    """Write an estimate as it is stored."""
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "n": estimate.n,
        "code": estimate.code,
    }


def live_figure(labels: Labels, mask: BoolArray | None = None) -> float:
    """Return the weighted share of right answers of the live model, or its mean error."""
    chosen = labels if mask is None else labels.where(mask)
    if labels.task == Task.REGRESSION:
        return float(np.average(np.abs(chosen.live - chosen.known), weights=chosen.weight))
    return float(np.average(chosen.live == chosen.known, weights=chosen.weight))


def points_of(curve: LearningCurve) -> list[CurvePoint]:
    return [{"size": point.size, "gain": figure(point.gain)} for point in curve.points]


def further_of(curve: LearningCurve) -> list[CurvePoint]:
    """Continue the curve from the last point to four times its labels."""
    sizes = np.geomspace(curve.largest, FARTHEST * curve.largest, FURTHER_STEPS).tolist()
    return [{"size": size, "gain": figure(curve.at(size))} for size in sizes]


def money_of(
    fitted: Fitted,
    labels: Labels,
    curve: LearningCurve,
    worth: Worth,
    *,
    currency: str,
    version: int,
    decisions: float,
    cost: float,
) -> Money:
    """Estimate what the change would be worth, and what the next labels are worth before it is decided."""
    gain = _gain(labels.gains(fitted.answers, worth), fitted, curve)
    terms = {"decisions": decisions, "cost_per_label": cost}
    labels_next = worth_of_labels(gain, NEXT, **terms)
    numbers = np.unique(np.geomspace(NEXT, MOST_LABELS, 41).astype(np.int64)).tolist()
    best = best_number_of_labels(gain, numbers, **terms)
    return {
        "currency": currency,
        "version": version,
        "gain": figure(gain.scaled(PER)),
        "decisions": decisions,
        "k": NEXT,
        "worth": labels_next.worth,
        "cost": labels_next.cost,
        "best_k": None if labels_next.worth is None else best.k,
        "code": labels_next.code,
    }


def slice_gains(
    groups: Sequence[tuple[str, str, BoolArray]], fitted: Fitted, labels: Labels, curve: LearningCurve
) -> list[SliceGain]:
    """Estimate the gain in each group of labels, with ranges that hold for all of them at once (Bonferroni).

    Groups where every answer stays the same, or whose range a few heavy labels decide, are left out.
    """
    large = [group for group in groups if int(group[2].sum()) >= LEAST_OF_SLICE]
    level = 1 - (1 - LEVEL) / max(len(large), 1)
    gains = labels.gains(fitted.answers)
    estimated = [(*group, _gain(gains, fitted, curve, mask=group[2], level=level)) for group in large]
    found: list[SliceGain] = [
        {
            "name": name,
            "value": value,
            "n": int(mask.sum()),
            "share": float(labels.weight[mask].sum() / labels.weight.sum()),
            "gain": figure(gain),
            "live": live_figure(labels, mask),
        }
        for name, value, mask, gain in estimated
        if (gain.df or 0.0) >= LEAST_FREEDOM
    ]
    return sorted(found, key=lambda each: -(each["gain"]["value"] or 0.0) * each["share"])


def _gain(
    gains: FloatArray,
    fitted: Fitted,
    curve: LearningCurve,
    *,
    mask: BoolArray | None = None,
    level: float = LEVEL,
) -> Estimate:
    """Estimate a mean of other gains of the same candidates; they differ as much, in proportion to the error."""
    cases = fitted.cases if mask is None else fitted.cases.where(mask)
    found = paired_gain(gains if mask is None else gains[mask], cases, level=level)
    if found.low is None or found.high is None or found.value is None or found.se is None:
        return found
    stretch = (curve.points[-1].gain.se or 0.0) / curve.variance**0.5
    return replace(
        found,
        low=found.value - stretch * (found.value - found.low),
        high=found.value + stretch * (found.high - found.value),
        se=stretch * found.se,
    )
