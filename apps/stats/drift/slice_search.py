"""Where a model errs most: every slice of one or two conditions, looked at in one matrix product."""

from collections.abc import Sequence

import numpy as np
from scipy.special import rel_entr

from apps.stats.arrays import BoolArray, FloatArray, IntArray
from apps.stats.drift.conditions import Condition, rows_of

MINIMUM_LABELS = 20
CANDIDATES = 5
OVERLAP = 0.5


def worst_slices(
    errors: FloatArray,
    pi: FloatArray,
    codes: IntArray,
    *,
    conditions: Sequence[Condition],
    candidates: int = CANDIDATES,
    minimum: int = MINIMUM_LABELS,
) -> list[tuple[Condition, ...]]:
    """Leaves of trees of depth two or less whose error rate stands out most, the most striking first.

    What they show on these same labels is too bad to be true: they were chosen for it. Estimate them on others.

    Parameters
    ----------
    errors : array (n,)
    pi : array (n,), in (0, 1]
    codes : array (n, features) of int
    conditions : sequence of Condition
    candidates : int
        At most so many; of slices that share more than half of their weight only the first is kept.
    minimum : int
        Labels inside and outside a slice.

    Returns
    -------
    list of tuple of Condition

    References
    ----------
    Chung et al. (2019), Automated data slicing for model validation (SliceFinder), for the search; the order is that
    of the likelihood ratio of a binomial at the effective sizes.

    Examples
    --------
    >>> from apps.stats.drift.bins import CategoryBins
    >>> from apps.stats.drift.conditions import Feature, conditions_of
    >>> splits = conditions_of([Feature("country", CategoryBins(("de", "fr")))])
    >>> codes, errors = np.array([[0], [1]] * 40), np.array([0.0, 1.0] * 40)
    >>> [str(one) for found in worst_slices(errors, np.full(80, 0.1), codes, conditions=splits) for one in found]
    ['country = fr']
    """
    inside = np.stack([rows_of([one], codes) for one in conditions]) if conditions else np.zeros((0, len(errors)))
    usable = np.flatnonzero(inside.sum(axis=1) >= minimum)
    member = inside[usable].astype(np.float64)
    weight = pi.min(initial=1.0) / pi
    striking = _striking(errors, weight, member, minimum=minimum)
    first, second = np.triu_indices(len(usable))
    # Single conditions come first, so that of equal slices the simpler one is kept.
    singles_first = np.argsort(first != second, kind="stable")
    first, second = first[singles_first], second[singles_first]
    order = np.argsort(-striking[first, second], kind="stable")
    order = order[striking[first, second][order] > 0]
    pairs = zip(first[order].tolist(), second[order].tolist(), strict=True)
    kept = _without_twins(pairs, member.astype(np.bool_), weight, limit=candidates)
    return [tuple(conditions[usable[place]] for place in sorted({a, b})) for a, b in kept]


def _striking(errors: FloatArray, weight: FloatArray, member: FloatArray, *, minimum: int) -> FloatArray:
    """Deviance of every pair of conditions against the rest, 0 where the slice is no worse or too small."""
    labels, total = member @ member.T, (member * weight) @ member.T
    squares, wrong = (member * weight**2) @ member.T, (member * weight * errors) @ member.T
    rest = weight.sum() - total
    enough = (labels >= minimum) & (len(errors) - labels >= minimum)
    rate = np.clip(wrong / np.where(enough, total, 1.0), 0.0, 1.0)
    rate_rest = np.clip((weight @ errors - wrong) / np.where(enough, rest, 1.0), 0.0, 1.0)
    overall = float(np.clip(weight @ errors / weight.sum(), 0.0, 1.0)) if len(weight) else 0.0
    size = total**2 / np.where(enough, squares, 1.0)
    size_rest = rest**2 / np.where(enough, (weight**2).sum() - squares, 1.0)
    deviance = size * _divergence(rate, overall) + size_rest * _divergence(rate_rest, overall)
    return np.where(enough & (rate > rate_rest), deviance, 0.0)


def _divergence(rate: FloatArray, overall: float) -> FloatArray:
    if overall in (0.0, 1.0):
        return np.zeros_like(rate)
    return np.asarray(rel_entr(rate, overall) + rel_entr(1 - rate, 1 - overall), dtype=np.float64)


def _without_twins(
    pairs: "zip[tuple[int, int]]", member: BoolArray, weight: FloatArray, *, limit: int
) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    rows: list[BoolArray] = []
    for a, b in pairs:
        if len(kept) == limit:
            break
        found = member[a] & member[b]
        if all(weight[found & other].sum() <= OVERLAP * weight[found | other].sum() for other in rows):
            kept.append((a, b))
            rows.append(found)
    return kept
