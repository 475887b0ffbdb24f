"""Where money is lost: slices whose mistakes cost more than the average, against being right."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from apps.reports.engine.document import Loss, LossesSection
from apps.reports.engine.estimating import ClassFit, Fit, RegressionFit
from apps.reports.engine.evidence import Selection, headline_part, slices_of
from apps.reports.engine.protocol import attempt, figure
from apps.stats.arrays import BoolArray, FloatArray, IntArray
from apps.stats.comparison.above_average import above_average, level_of_each
from apps.stats.estimate import Estimate, missing
from apps.stats.estimators.unit_cost import UnitCost
from apps.stats.estimators.value import ValueMatrix
from apps.stats.intervals import LEVEL

PER = 1_000
# The largest slices are tested; each further one widens the range of all.
MOST_TESTED = 100
# Slices that are stored: readers who may not see some of them are shown others.
MOST_STORED = 20
# Two slices that share more than this of the smaller one's cases, beyond chance, are not told apart.
MOSTLY = 0.5


@dataclass(frozen=True, eq=False)
class Lost:
    """Money lost by mistakes, against being right.

    mean       the loss of one prediction of a selection, at a level of confidence
    of_items   the loss of each known row and reviewed case of the window
    mistake    the kind of each one's mistake, a position in `mistakes`; -1 for none
    mistakes   what is predicted and what is true; of numbers ("over", "") and ("under", "")
    """

    mean: Callable[[Selection, float], Estimate]
    of_items: FloatArray
    mistake: IntArray
    mistakes: list[tuple[str, str]]


def lost_by(fit: Fit, worth: ValueMatrix | UnitCost) -> Lost:
    """Return what mistakes cost: under a value matrix, or by the units a number is off."""
    if isinstance(fit, RegressionFit):
        assert isinstance(worth, UnitCost)
        return _lost_by_number(fit, worth)
    assert isinstance(worth, ValueMatrix)
    return _lost_by_class(fit, worth)


def _lost_by_class(fit: ClassFit, matrix: ValueMatrix) -> Lost:
    """Charge each wrong class what the right one would have brought; a mistake that costs nothing counts as none."""
    worth, names, sample = matrix.matrix, fit.class_names, fit.base.sample
    cost = ValueMatrix.of(np.maximum(np.diag(worth)[None, :] - worth, 0.0), uses_amount=matrix.uses_amount)
    predicted, truth = sample.predicted, sample.truth.astype(np.int64)

    def mean(selection: Selection, level: float) -> Estimate:
        return replace(fit.of(selection), level=level).mean_value(cost)

    return Lost(
        mean=mean,
        of_items=cost.of_rows(predicted, truth, np.nan_to_num(sample.amount)),
        mistake=np.where(predicted == truth, -1, predicted * len(names) + truth),
        mistakes=[(one, other) for one in names for other in names],
    )


def _lost_by_number(fit: RegressionFit, cost: UnitCost) -> Lost:
    """Charge each unit that a number is too high or too low."""
    base = fit.base
    predicted, truth = np.asarray(base.predicted, dtype=np.float64), base.sample.truth

    def mean(selection: Selection, level: float) -> Estimate:
        return replace(fit.of(selection), level=level).mean_value(cost).scaled(-1)

    return Lost(
        mean=mean,
        of_items=-cost.of_rows(predicted, truth, np.nan_to_num(base.sample.amount)),
        mistake=np.where(predicted > truth, 0, np.where(predicted < truth, 1, -1)),
        mistakes=[("over", ""), ("under", "")],
    )


def losses(fit: Fit, lost: Lost) -> LossesSection:
    """Rank the slices of the headline's days by what they lose above the average, at least.

    By the estimate, small slices with a lucky draw would lead. All ranges hold at once, however many slices there are.
    """
    part = headline_part(fit.evidence)
    tested = sorted(slices_of(fit.evidence, days=part.days), key=lambda piece: -piece.size)[:MOST_TESTED]
    tested = [piece for piece in tested if piece.size and piece.rest.size]
    level = level_of_each(len(tested), level=LEVEL)
    found = [loss for piece in tested if (loss := _loss(fit, lost, piece, level=level))]
    found.sort(key=lambda pair: _rank(pair[1]), reverse=True)
    kept = found[:MOST_STORED]
    _name_overlaps(fit, kept)
    return {
        "losses": [loss for _, loss in kept],
        "losses_tested": len(tested),
        "loss_average": figure(attempt("loss", lambda: lost.mean(part, LEVEL).scaled(PER)), part.basis),
    }


def _loss(fit: Fit, lost: Lost, piece: Selection, *, level: float) -> tuple[Selection, Loss] | None:
    """Compare the slice with the rest; None where it loses no more."""
    above = attempt("loss", lambda: _above(lost, piece, level=level))
    if above.value is None or above.value <= 0:
        return None
    predicted, truth = _main_mistake(fit, lost, piece)
    return piece, {
        "name": piece.slice_name,
        "value": piece.slice_value,
        "predicted": predicted,
        "truth": truth,
        "n": int(piece.size),
        "traffic": piece.traffic,
        "lost": figure(attempt("loss", lambda: lost.mean(piece, LEVEL).scaled(piece.traffic)), piece.basis),
        "above": figure(above.scaled(PER), piece.basis),
        "overlaps": [],
    }


def _above(lost: Lost, piece: Selection, *, level: float) -> Estimate:
    if piece.is_unseen or piece.rest.is_unseen:
        return missing("not_observable")
    share = piece.traffic / (piece.traffic + piece.rest.traffic)
    return above_average(lost.mean(piece, level), lost.mean(piece.rest, level), share=share)


def _rank(loss: Loss) -> tuple[bool, float]:
    """What is lost at least; figures that do not stand yet come last."""
    above = loss["above"]
    low = above["low"]
    return above["code"] != "preliminary", -np.inf if low is None else low


def _main_mistake(fit: Fit, lost: Lost, piece: Selection) -> tuple[str, str]:
    """Return the kind of mistake that loses more than half of the money; empty texts where none does."""
    mask = piece.item_mask & (lost.mistake >= 0)
    if not mask.any():
        return "", ""
    money = lost.of_items[mask] / fit.base.sample.overall[mask]
    by_kind = np.bincount(lost.mistake[mask], money, minlength=len(lost.mistakes))
    main = int(by_kind.argmax())
    return lost.mistakes[main] if by_kind[main] > MOSTLY * by_kind.sum() else ("", "")


def _name_overlaps(fit: Fit, kept: list[tuple[Selection, Loss]]) -> None:
    """Note with each slice the others of which it shares most cases, by the weight of the cases with known truth."""
    weight = 1 / fit.base.sample.overall
    everyone = float(weight[headline_part(fit.evidence).item_mask].sum())
    for (one, loss), (other, its_loss) in combinations(kept, 2):
        shared = _shared(weight, one.item_mask, other.item_mask, everyone=everyone)
        if shared > MOSTLY:
            loss["overlaps"].append({"name": other.slice_name, "value": other.slice_value, "share": shared})
            its_loss["overlaps"].append({"name": one.slice_name, "value": one.slice_value, "share": shared})


def _shared(weight: FloatArray, one: BoolArray, other: BoolArray, *, everyone: float) -> float:
    """Return the share of the smaller one's cases that are in both, beyond chance, as Cohen's κ is.

    A slice of half of all cases holds half of any other one: that alone makes them not the same.
    """
    smaller, larger = sorted((float(weight[one].sum()), float(weight[other].sum())))
    if smaller == 0 or larger >= everyone:
        return 0.0
    chance = larger / everyone
    return (float(weight[one & other].sum()) / smaller - chance) / (1 - chance)
