"""Where a model errs most: every slice of one or two conditions, searched in one matrix product."""

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
    """Find the leaves of trees of depth two or less whose error rate stands out most, the most striking first.

    Their error rates on these same labels are biased upwards, because they were chosen for them. Estimate them on
    others.

    Parameters
    ----------
    errors : array (n,)
        1 where the model was wrong, else 0, or an error pseudo-value.
    pi : array (n,), in (0, 1]
        Probability that this label counts.
    codes : array (n, features) of int
        Bin codes of the features.
    conditions : sequence of Condition
        Splits to combine.
    candidates : int
        Largest number of slices. Of slices that share more than half of their weight, only the first is kept.
    minimum : int
        Fewest labels inside and outside a slice.

    Returns
    -------
    list of tuple of Condition
        One or two conditions for each slice.

    References
    ----------
    Chung et al. (2019), Automated data slicing for model validation (SliceFinder), for the search. The order is that of
    the likelihood ratio of a binomial at the effective sizes.

    Examples
    --------
    >>> from apps.stats.drift.bins import CategoryBins
    >>> from apps.stats.drift.conditions import Feature, conditions_of
    >>> splits = conditions_of([Feature("country", CategoryBins(("de", "fr")))])
    >>> codes, errors = np.array([[0], [1]] * 40), np.array([0.0, 1.0] * 40)
    >>> [str(one) for each in worst_slices(errors, np.full(80, 0.1), codes, conditions=splits) for one in each]
    ['country = fr']
    """
    inside = np.stack([rows_of([one], codes) for one in conditions]) if conditions else np.zeros((0, len(errors)))
    usable = np.flatnonzero(inside.sum(axis=1) >= minimum)
    member = inside[usable].astype(np.float64)
    weight = pi.min(initial=1.0) / pi
    striking = _striking(errors, weight, member, minimum=minimum)
    first, second = np.triu_indices(len(usable))
    # Single conditions come first: of two equal slices, keep the simpler one.
    singles_first = np.argsort(first != second, kind="stable")
    first, second = first[singles_first], second[singles_first]
    order = np.argsort(-striking[first, second], kind="stable")
    order = order[striking[first, second][order] > 0]
    pairs = zip(first[order].tolist(), second[order].tolist(), strict=True)
    kept = _without_twins(pairs, member.astype(np.bool_), weight, limit=candidates)
    return [tuple(conditions[usable[index]] for index in sorted({a, b})) for a, b in kept]


def _striking(errors: FloatArray, weight: FloatArray, member: FloatArray, *, minimum: int) -> FloatArray:
    """Return the deviance of every pair of conditions against the rest, 0 where the slice is no worse or too small."""
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
        inside = member[a] & member[b]
        if all(weight[inside & other].sum() <= OVERLAP * weight[inside | other].sum() for other in rows):
            kept.append((a, b))
            rows.append(inside)
    return kept
