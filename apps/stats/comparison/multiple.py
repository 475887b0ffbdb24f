"""Many hypotheses at once: Benjamini–Hochberg, and shares tested slice by slice."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from apps.stats.arrays import as_floats
from apps.stats.comparison.shares import compare_share
from apps.stats.estimate import Estimate


@dataclass(frozen=True)
class SliceTest:
    """A share of one slice, tested among many.

    Attributes
    ----------
    estimate : Estimate
    against : Estimate or float
        What it was held against: a fixed share, or the share of the rest.
    p_value : float or None
        Two-sided, for this slice alone.
    q_value : float or None
        Benjamini–Hochberg over all slices tested with it.
    code : str or None
        Why there is no test, as `compare_share` says it.
    """

    estimate: Estimate
    against: Estimate | float
    p_value: float | None
    q_value: float | None
    code: str | None = None


def benjamini_hochberg(p_values: Iterable[float | None]) -> tuple[float | None, ...]:
    """Adjusted p-values (q): the false discovery rate at which each hypothesis would just be rejected.

    Parameters
    ----------
    p_values : iterable of float in [0, 1], None or nan
        None or nan: no test was made. Such a hypothesis keeps its place and does not count.

    Returns
    -------
    tuple of float or None
        In the order given; None where nothing was tested.

    Raises
    ------
    ValueError
        If a p-value is outside [0, 1].

    References
    ----------
    Benjamini and Hochberg (1995), Controlling the false discovery rate.

    Examples
    --------
    >>> benjamini_hochberg([0.01, None, 0.04, 0.03])
    (0.03, None, 0.04, 0.04)
    """
    given = as_floats("p_values", [math.nan if p is None else p for p in p_values], allow_nan=True)
    if ((given < 0) | (given > 1)).any():
        raise ValueError("p_values must be in [0, 1]")
    tested = np.flatnonzero(~np.isnan(given))
    descending = tested[np.argsort(-given[tested], kind="stable")]
    ranks = np.arange(len(tested), 0, -1)
    adjusted = np.full(len(given), np.nan)
    adjusted[descending] = np.minimum.accumulate(np.minimum(given[descending] * (len(tested) / ranks), 1.0))
    return tuple(None if math.isnan(q) else q for q in adjusted.tolist())


def by_slice(estimates: Sequence[Estimate], *, against: float | Sequence[Estimate]) -> tuple[SliceTest, ...]:
    """Every slice's share against a fixed share or against the rest, with Benjamini–Hochberg over the slices.

    Parameters
    ----------
    estimates : sequence of Estimate
        One share per slice: win rate, disagreement rate.
    against : float in (0, 1), or sequence of Estimate
        For a win rate ½; or for each slice the same share of the rest of the window. Not of the whole window,
        of which the slice is a part.

    Returns
    -------
    tuple of SliceTest
        In the order given.

    Raises
    ------
    ValueError
        If the lengths differ, or an estimate is no share.

    References
    ----------
    Benjamini and Hochberg (1995).

    Examples
    --------
    >>> from apps.stats.estimate import missing
    >>> slices = [Estimate(0.8, 0.7, 0.9, "hajek", 60, se=0.05, df=40.0), missing("no_labels")]
    >>> [(found.q_value and round(found.q_value, 4), found.code) for found in by_slice(slices, against=0.5)]
    [(0.0001, None), (None, 'no_labels')]
    """
    others: list[Estimate | float] = []
    others += [against] * len(estimates) if isinstance(against, float | int) else against
    if len(others) != len(estimates):
        raise ValueError(f"against must have length {len(estimates)}, got {len(others)}")
    tests = [compare_share(one, other) for one, other in zip(estimates, others, strict=True)]
    adjusted = benjamini_hochberg(test.p_value for test in tests)
    return tuple(
        SliceTest(one, other, test.p_value, q, code=test.code)
        for one, other, test, q in zip(estimates, others, tests, adjusted, strict=True)
    )
