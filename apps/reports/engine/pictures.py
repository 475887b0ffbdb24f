"""Compute the pictures of a performance report: what was said and what came true, by class, score, threshold, level."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import structlog

from apps.reports.engine.answers import answers_of
from apps.reports.engine.document import Figure, SliceSection
from apps.reports.engine.estimating import BinaryFit, Fit, MulticlassFit, RegressionFit
from apps.reports.engine.evidence import Evidence, Selection, headline_part, whole
from apps.reports.engine.pictured import (
    AtScore,
    Band,
    Bar,
    Level,
    MatrixPicture,
    Pictures,
    Stated,
    ThresholdPicture,
)
from apps.reports.engine.protocol import attempt, figure
from apps.reports.engine.value import threshold_in_use
from apps.stats.decisions.at_thresholds import at_thresholds
from apps.stats.estimate import Estimate
from apps.stats.estimators.by_chance import joint_level, mean_by_chance, share_by_chance
from apps.stats.estimators.conclusion import weighted_variance
from apps.stats.estimators.confusion_table import confusion_table
from apps.stats.estimators.level_groups import errors_of, level_groups
from apps.stats.estimators.score_groups import ScoreGroup, bar_edges, calibration_groups, score_bars
from apps.stats.sample_size import MINIMUM_CHANCE_LABELS_OF_SLICE

log = structlog.get_logger(__name__)

T = TypeVar("T")


def pictures(fit: Fit, evidence: Evidence) -> Pictures:
    """Compute all pictures of the headline's part; one that fails does not take the others with it."""
    selection = headline_part(evidence)
    return {
        "part": "closed" if evidence.closed else "all",
        "answers": answers_of(fit, selection),
        "matrix": None if isinstance(fit, RegressionFit) else _tried("matrix", partial(_matrix, fit, selection), None),
        "calibration": []
        if isinstance(fit, RegressionFit)
        else _tried("calibration", partial(_calibration, fit, selection), []),
        "scores": _tried("scores", partial(_scores, fit, selection), []) if isinstance(fit, BinaryFit) else [],
        "thresholds": _tried("thresholds", partial(_thresholds, fit, selection), None)
        if isinstance(fit, BinaryFit)
        else None,
        "levels": _tried("levels", partial(_levels, fit, selection), []) if isinstance(fit, RegressionFit) else [],
    }


def with_joint_ranges(slices: list[SliceSection], fit: Fit, evidence: Evidence) -> list[SliceSection]:
    """Give each slice the range in which all of them lie at once, chance included: is it unlike the whole at all?"""
    days, level = whole(evidence).days, joint_level(len(slices))
    bands = [
        _tried("slice", partial(_slice_band, fit, Selection(evidence, days, each["name"], each["value"]), level), None)
        for each in slices
    ]
    return [{**each, "joint": band} for each, band in zip(slices, bands, strict=True)]


def _slice_band(fit: Fit, selection: Selection, level: float) -> Band:
    if selection.is_unseen:
        return None
    if isinstance(fit, RegressionFit):
        numbers = replace(fit.of(selection), level=level)
        if fit.has_tolerance:
            return _band(share_by_chance(numbers.estimate("within"), size=selection.traffic, level=level))
        spread = weighted_variance(abs(errors_of(numbers)), numbers.sample.overall)
        return _band(mean_by_chance(numbers.estimate("mae"), spread=spread, size=selection.traffic, level=level))
    share = replace(fit.of(selection), level=level).estimate("accuracy")
    return _band(share_by_chance(share, size=selection.traffic, level=level))


def _tried(what: str, compute: Callable[[], T], otherwise: T) -> T:
    try:
        return compute()
    except (ValueError, ArithmeticError, LookupError, TypeError):
        log.exception("picture_failed", picture=what)
        return otherwise


def _matrix(fit: BinaryFit | MulticlassFit, selection: Selection) -> MatrixPicture | None:
    estimator = fit.of(selection)
    if not estimator.population.size:
        return None
    groups = _groups(fit)
    names = [[fit.class_names[label] for label in group] for group in groups]
    rows = confusion_table(estimator, groups)
    return {
        "groups": names,
        "rows": [{"n": round(row.size), "shares": [_figure(share, selection) for share in row.shares]} for row in rows],
        "found": [_figure(_found(fit, selection, group), selection) for group in groups if len(group) == 1],
    }


def _groups(fit: BinaryFit | MulticlassFit) -> list[tuple[int, ...]]:
    """Return the classes, of two the positive one first; of many those with most predictions, and the others as one."""
    if isinstance(fit, BinaryFit):
        return [(1,), (0,)]
    others = tuple(sorted(set(range(len(fit.class_names))) - set(fit.main_classes)))
    return [*((label,) for label in fit.main_classes), *([others] if others else [])]


def _found(fit: BinaryFit | MulticlassFit, selection: Selection, group: tuple[int, ...]) -> Estimate:
    if isinstance(fit, BinaryFit):
        estimate: Callable[[], Estimate] = partial(fit.of(selection).estimate, "recall" if group[0] else "specificity")
    else:
        estimate = partial(fit.of(selection).estimate, "recall", label=group[0])
    return attempt("found", estimate)


def _calibration(fit: BinaryFit | MulticlassFit, selection: Selection) -> list[Stated]:
    estimator = fit.of(selection)
    asked = replace(estimator, least_by_chance=_least(estimator.least_by_chance))
    return [_stated(group, selection) for group in calibration_groups(asked)]


def _least(of_window: float) -> float:
    """Return the labels by chance that a part of the window takes to stand: as many as a slice."""
    return min(of_window, MINIMUM_CHANCE_LABELS_OF_SLICE)


def _stated(group: ScoreGroup, selection: Selection) -> Stated:
    return {
        "low": group.low,
        "high": group.high,
        "n": round(group.size),
        "stated": group.stated,
        "figure": _figure(group.came_true, selection),
        "band": _band(group.band),
    }


def _scores(fit: BinaryFit, selection: Selection) -> list[Bar]:
    estimator = fit.of(selection)
    estimator = replace(estimator, least_by_chance=_least(estimator.least_by_chance))
    return [
        {
            "low": bar.low,
            "high": bar.high,
            "said": fit.class_names[bar.said],
            "n": round(bar.size),
            "positive": _figure(bar.positive, selection),
        }
        for bar in score_bars(estimator, bar_edges(estimator.population))
    ]


def _thresholds(fit: BinaryFit, selection: Selection) -> ThresholdPicture | None:
    estimator = fit.of(selection)
    points: list[AtScore] = [
        {
            "score": point.score,
            "above": round(point.above),
            "figures": {metric: _figure(each, selection) for metric, each in point.figures.items()},
        }
        for point in at_thresholds(estimator)
    ]
    return {"points": points, "current": threshold_in_use(estimator.cells)} if points else None


def _levels(fit: RegressionFit, selection: Selection) -> list[Level]:
    return [
        {
            "n": round(group.size),
            "stated": group.stated,
            "bias": _figure(group.bias, selection),
            "error": _figure(group.error, selection),
            "band": _band(group.band),
        }
        for group in level_groups(fit.of(selection))
    ]


def _figure(estimate: Estimate, selection: Selection) -> Figure:
    return figure(estimate, selection.basis)


def _band(ends: Sequence[float] | None) -> Band:
    return None if ends is None else [float(end) for end in ends]
