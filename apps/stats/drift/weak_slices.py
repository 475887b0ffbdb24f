"""Slices in which the model is weak: found on one half of the labels, estimated on the other, in both directions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from apps.stats.arrays import BoolArray, FloatArray, IntArray, as_floats, as_inclusion
from apps.stats.comparison.multiple import q_values
from apps.stats.comparison.shares import compare_share, welch_df
from apps.stats.drift.conditions import Condition, Feature, as_codes, conditions_of, rows_of
from apps.stats.drift.slice_search import CANDIDATES, MINIMUM_LABELS, worst_slices
from apps.stats.estimate import Estimate, missing
from apps.stats.estimators.hajek import hajek_mean
from apps.stats.intervals import LEVEL

FALSE_DISCOVERY_RATE = 0.05


@dataclass(frozen=True)
class WeakSlice:
    """A slice found on one half of the labels, with its estimate from the other half.

    Attributes
    ----------
    conditions : tuple of Condition
        One or two; the slice meets all of them.
    share : float
        Share of the population, by Hájek's estimate from all labels.
    error, rest : Estimate
        Error rate inside and outside, from the half on which the slice was not found.
    difference : Estimate
        Error rate inside minus outside.
    error_where_found : float
        Error rate in the half on which the slice was found: too high, because it was chosen for that. For comparison
        only.
    p_value, q_value : float or None
        One-sided, against "no worse than the rest"; and adjusted for all candidates of both halves.
    code : str or None
        Why there is no p-value.
    """

    conditions: tuple[Condition, ...]
    share: float
    error: Estimate
    rest: Estimate
    difference: Estimate
    error_where_found: float
    p_value: float | None
    q_value: float | None = None
    code: str | None = None

    def __str__(self) -> str:
        return " and ".join(str(one) for one in self.conditions)

    @property
    def is_weak(self) -> bool:
        """Whether the other half confirms it, at a false discovery rate of 5 %."""
        return self.q_value is not None and self.q_value < FALSE_DISCOVERY_RATE


@dataclass(frozen=True)
class WeakSlices:
    """All candidates, the most certain first.

    Attributes
    ----------
    slices : tuple of WeakSlice
        Candidates of both halves.
    n : int
        Number of labels.
    code : str or None
        Why there was no search: `too_few` (below 80 labels) or `no_variation` (all errors are the same).
    """

    slices: tuple[WeakSlice, ...]
    n: int
    code: str | None = None


@dataclass(frozen=True, eq=False)
class _Labels:
    errors: FloatArray
    pi: FloatArray
    codes: IntArray

    @property
    def weight(self) -> FloatArray:
        return np.asarray(self.pi.min() / self.pi, dtype=np.float64)

    def where(self, rows: BoolArray | IntArray) -> "_Labels":
        return _Labels(self.errors[rows], self.pi[rows], self.codes[rows])


def find_weak_slices(
    errors: ArrayLike,
    pi: ArrayLike,
    codes: ArrayLike,
    *,
    features: Sequence[Feature],
    rng: np.random.Generator,
    candidates: int = CANDIDATES,
    level: float = LEVEL,
) -> WeakSlices:
    """Search for slices of one or two conditions in which the model errs more than elsewhere.

    Parameters
    ----------
    errors : array (n,)
        1 where the model was wrong, else 0; or an error pseudo-value of the labeled item, such as the bracket of a
        two-phase label without a proxy. Values outside [0, 1] are compared on the plain scale.
    pi : array (n,), in (0, 1]
        Probability that this label counts.
    codes : array (n, features) of int
        Bin codes of the features.
    features : sequence of Feature
        Features in the order of the columns.
    rng : numpy.random.Generator
        Splits the labels into halves.
    candidates : int, at least 1
        Number of slices to take from each half.
    level : float, in (0, 1)
        Confidence level of the intervals.

    Returns
    -------
    WeakSlices
        A slice found on both halves appears twice, with the estimate of each.

    Raises
    ------
    ValueError
        If lengths differ, pi is outside (0, 1], or a code has no bin.

    References
    ----------
    Athey and Imbens (2016) for honest estimation on the other half; Chung et al. (2019), SliceFinder.

    Examples
    --------
    >>> from apps.stats.drift.bins import CategoryBins
    >>> rng = np.random.default_rng(0)
    >>> codes = rng.integers(0, 4, (1000, 1))
    >>> errors = rng.random(1000) < np.where(codes[:, 0] == 2, 0.5, 0.1)
    >>> countries = Feature("country", CategoryBins(("de", "fr", "it", "pl")))
    >>> weak = find_weak_slices(errors, np.full(1000, 0.05), codes, features=[countries], rng=rng)
    >>> str(weak.slices[0]), weak.slices[0].is_weak
    ('country = it', True)
    """
    inclusion = as_inclusion("pi", pi)
    n = len(inclusion)
    labels = _Labels(as_floats("errors", errors, length=n), inclusion, as_codes(codes, features, length=n))
    if candidates < 1:
        raise ValueError(f"candidates must be at least 1, got {candidates}")
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level}")
    if n < 4 * MINIMUM_LABELS:
        return WeakSlices((), n, code="too_few")
    if np.ptp(labels.errors) == 0:
        return WeakSlices((), n, code="no_variation")
    splits, shuffled = conditions_of(features), rng.permutation(n)
    halves = labels.where(shuffled[: n // 2]), labels.where(shuffled[n // 2 :])
    slices = [
        _estimated(conditions, labels, sought=sought, held_out=held_out, level=level)
        for sought, held_out in (halves, halves[::-1])
        for conditions in worst_slices(sought.errors, sought.pi, sought.codes, conditions=splits, candidates=candidates)
    ]
    adjusted = q_values(one.p_value for one in slices)
    with_q = [replace(one, q_value=q) for one, q in zip(slices, adjusted, strict=True)]
    return WeakSlices(tuple(sorted(with_q, key=_most_certain_first)), n)


def _estimated(
    conditions: tuple[Condition, ...], labels: _Labels, *, sought: _Labels, held_out: _Labels, level: float
) -> WeakSlice:
    is_bounded = bool(((labels.errors >= 0) & (labels.errors <= 1)).all())
    inside = rows_of(conditions, held_out.codes)
    # The held-out half contains each label with probability ½, so its inclusion probability is halved.
    error, rest = (
        hajek_mean(held_out.errors[rows], held_out.pi[rows] / 2, is_bounded=is_bounded, level=level)
        for rows in (inside, ~inside)
    )
    chosen, everywhere = rows_of(conditions, sought.codes), rows_of(conditions, labels.codes)
    difference = _difference(error, rest, level=level)
    p_value, code = _worse(error, rest, difference, is_bounded=is_bounded)
    return WeakSlice(
        conditions=conditions,
        share=float(labels.weight[everywhere].sum() / labels.weight.sum()),
        error=error,
        rest=rest,
        difference=difference,
        error_where_found=float(np.average(sought.errors[chosen], weights=sought.weight[chosen])),
        p_value=p_value,
        code=code,
    )


def _difference(error: Estimate, rest: Estimate, *, level: float) -> Estimate:
    """Return the difference of two independent estimates, with a plain interval and Welch's degrees of freedom."""
    n = error.n + rest.n
    if error.value is None or rest.value is None:
        return missing("no_labels", n=n)
    parts = [((side.se or 0.0) ** 2, side.df) for side in (error, rest)]
    variance = sum(part for part, _ in parts)
    df = welch_df(parts) if variance > 0 else None
    quantile = stats.norm.ppf((1 + level) / 2) if df is None else stats.t.ppf((1 + level) / 2, df)
    half = float(quantile) * math.sqrt(variance)
    value = error.value - rest.value
    return Estimate(value, value - half, value + half, "plain", n, se=math.sqrt(variance), df=df)


def _worse(
    error: Estimate, rest: Estimate, difference: Estimate, *, is_bounded: bool
) -> tuple[float | None, str | None]:
    """Return the one-sided p-value of "no worse than the rest", or the code that says why there is none."""
    if difference.value is None:
        return None, difference.code
    if is_bounded:
        test = compare_share(error, rest, alternative="greater")
        return test.p_value, test.code
    if not difference.se:
        return None, "no_variation"
    t, df = difference.value / difference.se, difference.df
    return float(stats.norm.sf(t) if df is None else stats.t.sf(t, df)), None


def _most_certain_first(one: WeakSlice) -> tuple[float, float]:
    return (2.0 if one.p_value is None else one.p_value, -one.share)
