"""The smallest description of what is new: one or two features, each with the bins that became common or rare."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import rel_entr

from apps.stats.arrays import BoolArray, FloatArray, IntArray
from apps.stats.drift.bins import NumberBins
from apps.stats.drift.conditions import Feature, as_codes

#: A second feature must tell this much more than the first alone.
WORTH_A_SECOND = 1.25
#: Differences below this many bits are not described: about a share that moved from .50 to .52.
LEAST_BITS = 0.001
#: Bins that hold less of the described rows are not named.
NEGLIGIBLE = 0.02


@dataclass(frozen=True)
class Part:
    """Bins of one feature.

    Attributes
    ----------
    feature : int
        Index of the feature.
    bins : tuple of int
        Ascending bins, the last ones being other (categories only) and missing. Of numbers, bins other than missing
        follow each other.
    """

    feature: int
    bins: tuple[int, ...]


@dataclass(frozen=True)
class Description:
    """Rows that fall into all parts.

    Attributes
    ----------
    parts : tuple of Part
        One or two.
    then, now : float
        Their share of the rows then and now.
    bits : float
        What it tells about whether a row is of then or of now, in [0, 1].
    """

    parts: tuple[Part, ...]
    then: float
    now: float
    bits: float


def describe_difference(then: ArrayLike, now: ArrayLike, *, features: Sequence[Feature]) -> Description | None:
    """Find the one or two features that tell best between rows of then and of now.

    A tree of depth two whose splits of categories are best in the class of all splits: for two classes, the categories
    need to be cut only once in the order of their shares.

    Parameters
    ----------
    then, now : array (n, features), (m, features) of int
        Bin codes of the features.
    features : sequence of Feature
        Features in the order of the columns; the first of two equally good ones is named.

    Returns
    -------
    Description or None
        None without rows on either side, or where nothing tells more than `LEAST_BITS`. Rows of then and now weigh
        the same, however many there are.

    Raises
    ------
    ValueError
        If a code has no bin.

    References
    ----------
    Breiman, Friedman, Olshen and Stone (1984), Classification and Regression Trees, theorem 4.5, for the cut.

    Examples
    --------
    >>> from apps.stats.drift.bins import CategoryBins
    >>> home = Feature("home", CategoryBins(("house", "flat", "dormitory", "barracks")))
    >>> then, now = [[0]] * 60 + [[1]] * 32 + [[2]] * 4 + [[3]] * 4, [[2]] * 60 + [[3]] * 38 + [[0]] * 2
    >>> found = describe_difference(then, now, features=[home])
    >>> found.parts[0].bins, found.then, found.now
    ((2, 3), 0.08, 0.98)
    """
    a, b = (as_codes(np.atleast_2d(side), features, length=len(np.atleast_2d(side))) for side in (then, now))
    if not len(a) or not len(b) or not features:
        return None
    first = _best(a, b, features)
    if first is None or first.bits < LEAST_BITS:
        return None
    second = _second(a, b, features, first)
    return first if second is None or second.bits < WORTH_A_SECOND * first.bits else second


def _best(then: IntArray, now: IntArray, features: Sequence[Feature]) -> Description | None:
    """Return the best single part."""
    found = [_split(then[:, index], now[:, index], index, feature) for index, feature in enumerate(features)]
    return max((each for each in found if each is not None), key=lambda each: round(each.bits, 9), default=None)


def _second(then: IntArray, now: IntArray, features: Sequence[Feature], first: Description) -> Description | None:
    """Return the best part within the first, with both shares taken of all rows."""
    (part,) = first.parts
    inside_then, inside_now = _inside(part, then), _inside(part, now)
    if not inside_then.any() or not inside_now.any():
        return None
    best: Description | None = None
    for index, feature in enumerate(features):
        if index == part.feature:
            continue
        within = _split(then[inside_then, index], now[inside_now, index], index, feature)
        if within is None:
            continue
        both = (part, within.parts[0])
        shares = (
            float((inside & _inside(within.parts[0], side)).mean())
            for inside, side in ((inside_then, then), (inside_now, now))
        )
        p, q = shares
        joined = Description(both, p, q, float(_bits(np.array([p]), np.array([q]))[0]))
        if best is None or joined.bits > best.bits:
            best = joined
    return best


def _split(then: IntArray, now: IntArray, index: int, feature: Feature) -> Description | None:
    size = feature.bins.size
    p, q = (np.bincount(side, minlength=size) / len(side) for side in (then, now))
    return _interval(p, q, index) if isinstance(feature.bins, NumberBins) else _subset(p, q, index)


def _subset(p: FloatArray, q: FloatArray, index: int) -> Description | None:
    """Cut the bins in the order of their shares now and then."""
    seen = np.flatnonzero(p + q > 0)
    if len(seen) < 2:
        return None
    order = seen[np.argsort(-(q[seen] / (p[seen] + q[seen])), kind="stable")]
    below, above = np.cumsum(p[order])[:-1], np.cumsum(q[order])[:-1]
    cut = int(np.argmax(_bits(below, above)))
    grown, shrunk = order[: cut + 1], order[cut + 1 :]
    # Both sides tell the same; name the one that was rarer.
    chosen = grown if p[grown].sum() <= p[shrunk].sum() else shrunk
    return _described(chosen, p, q, index)


def _interval(p: FloatArray, q: FloatArray, index: int) -> Description | None:
    """Take the run of bins that tells most, or the missing values."""
    last = len(p) - 1
    starts, stops = np.triu_indices(last)
    runs_p, runs_q = (np.concatenate([[0.0], np.cumsum(side[:last])]) for side in (p, q))
    of_then = np.append(runs_p[stops + 1] - runs_p[starts], p[last])
    of_now = np.append(runs_q[stops + 1] - runs_q[starts], q[last])
    # Of equally telling runs, a run and all the rest, name the one with fewer bins.
    width = np.append(stops - starts + 1, 1)
    best = int(np.lexsort((width, -np.round(_bits(of_then, of_now), 12)))[0])
    chosen = np.array([last]) if best == len(starts) else np.arange(starts[best], stops[best] + 1)
    return None if len(chosen) == last else _described(chosen, p, q, index)


def _described(bins: IntArray, p: FloatArray, q: FloatArray, index: int) -> Description:
    held = (p + q)[bins]
    bins = bins[held >= NEGLIGIBLE * held.sum()]
    then, now = float(p[bins].sum()), float(q[bins].sum())
    bits = float(_bits(np.array([then]), np.array([now]))[0])
    return Description((Part(index, tuple(sorted(bins.tolist()))),), then, now, bits)


def _bits(p: FloatArray, q: FloatArray) -> FloatArray:
    """Return the Jensen–Shannon divergence, in bits, of falling into a set with probability p then and q now."""
    p, q = np.clip(p, 0.0, 1.0), np.clip(q, 0.0, 1.0)
    middle = (p + q) / 2
    nats = sum(rel_entr(each, middle) + rel_entr(1 - each, 1 - middle) for each in (p, q)) / 2
    return np.asarray(nats / np.log(2), dtype=np.float64)


def _inside(part: Part, codes: IntArray) -> BoolArray:
    return np.isin(codes[:, part.feature], part.bins)
