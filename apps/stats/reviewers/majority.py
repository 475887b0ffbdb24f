"""The label that stands for an item: known truth, consensus of three or more, majority of fewer, or none."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from apps.stats.arrays import BoolArray, FloatArray, IntArray, as_ints, sum_by
from apps.stats.reviewers.consensus import MINIMUM_LABELS, UNKNOWN, DawidSkene

_TIE = 1e-9


@dataclass(frozen=True, eq=False)
class Consensus:
    """The label of each item, and where it comes from.

    Attributes
    ----------
    label : array (items,) of int
        −1 where there is none.
    share : array (items,)
        Probability of that class by the model, or its share of the labels; 0 where there is none.
    source : array (items,) of str
        "gold", "dawid-skene", "majority" or "no_consensus".
    """

    label: IntArray
    share: FloatArray
    source: NDArray[np.str_]


def consensus_labels(
    item: ArrayLike,
    label: ArrayLike,
    *,
    classes: int,
    items: int | None = None,
    model: DawidSkene | None = None,
    gold: ArrayLike | None = None,
) -> Consensus:
    """The consensus of a model for items with three labels, more than half of the labels for those with fewer.

    Parameters
    ----------
    item, label : array (answers,) of int
        The answers, each from 0.
    classes : int, positive
    items : int, optional
        How many there are; up to the last one named if left out.
    model : DawidSkene, optional
        Fitted on the same answers. Without one, or where it has not converged, majorities decide everywhere.
    gold : array (items,) of int, optional
        Known truths, −1 where unknown.

    Returns
    -------
    Consensus
        `no_consensus` where no class has more than half of the labels, or two are equally probable.

    Raises
    ------
    ValueError
        If lengths differ, an index is out of range, or the model is of other items.

    Examples
    --------
    >>> found = consensus_labels([0, 0, 1, 1], [1, 1, 0, 1], classes=2)
    >>> found.label, found.source.tolist()
    (array([ 1, -1]), ['majority', 'no_consensus'])
    """
    of = as_ints("item", item)
    said = as_ints("label", label, length=len(of))
    size = int(of.max(initial=-1)) + 1 if items is None else items
    if (of >= size).any() or (said >= classes).any():
        raise ValueError(f"item must be below {size} and label below {classes}")
    known = np.full(size, UNKNOWN) if gold is None else as_ints("gold", gold, length=size, minimum=UNKNOWN)
    if (known >= classes).any():
        raise ValueError(f"gold must be below {classes}")
    counts = sum_by(of * classes + said, np.ones(len(of)), size=size * classes).reshape(size, classes)
    total = counts.sum(axis=1)
    shares = counts / np.maximum(total, 1.0)[:, None]
    by_model = _by_model(model, total, classes)
    if model is not None and model.posterior is not None:
        shares = np.where(by_model[:, None], model.posterior, shares)
    source = np.where(by_model, "dawid-skene", "majority")
    source = np.where(_is_decided(shares, by_model), source, "no_consensus")
    source = np.where(known != UNKNOWN, "gold", source)
    label_of = np.where(source == "gold", known, np.where(source == "no_consensus", UNKNOWN, shares.argmax(axis=1)))
    share = np.where(source == "gold", 1.0, np.where(source == "no_consensus", 0.0, shares.max(axis=1)))
    return Consensus(label_of, share, source)


def _by_model(model: DawidSkene | None, total: FloatArray, classes: int) -> BoolArray:
    if model is None or model.posterior is None or not model.has_converged:
        return np.zeros(len(total), dtype=np.bool_)
    if model.posterior.shape != (len(total), classes):
        raise ValueError(f"model must be of {len(total)} items and {classes} classes, got {model.posterior.shape}")
    return total >= MINIMUM_LABELS


def _is_decided(shares: FloatArray, by_model: BoolArray) -> BoolArray:
    ordered = np.sort(np.pad(shares, ((0, 0), (1, 0))), axis=1)
    is_ahead = ordered[:, -1] - ordered[:, -2] > _TIE
    return np.where(by_model, is_ahead, ordered[:, -1] > 0.5 + _TIE).astype(np.bool_)
