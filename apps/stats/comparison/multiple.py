"""Many hypotheses at once: q-values, and shares tested slice by slice."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from apps.stats.comparison.shares import compare_share
from apps.stats.estimate import Estimate


@dataclass(frozen=True)
class SliceTest:
    """A share of one slice, tested among many.

    Attributes
    ----------
    estimate : Estimate
        Share of the slice.
    against : Estimate or float
        The share it is compared with: a fixed one, or that of the rest.
    p_value : float or None
        Two-sided, for this slice alone.
    q_value : float or None
        Adjusted for all slices tested with it.
    code : str or None
        Why there is no test, as in `ShareTest`.
    """

    estimate: Estimate
    against: Estimate | float
    p_value: float | None
    q_value: float | None
    code: str | None = None


def q_values(p_values: Iterable[float | None]) -> tuple[float | None, ...]:
    """Adjust p-values so that rejecting at q controls the false discovery rate (Benjamini–Hochberg).

    Parameters
    ----------
    p_values : iterable of float in [0, 1], None or nan
        None or nan where no test was made; such a hypothesis keeps its place and does not count.

    Returns
    -------
    tuple of float or None
        In the order given; None where no test was made.

    Raises
    ------
    ValueError
        If a p-value is outside [0, 1].

    References
    ----------
    Benjamini and Hochberg (1995), Controlling the false discovery rate.

    Examples
    --------
    >>> q_values([0.01, None, 0.04, 0.03])
    (0.03, None, 0.04, 0.04)
    """
    adjusted = np.array([math.nan if p is None else p for p in p_values], dtype=np.float64)
    is_tested = ~np.isnan(adjusted)
    adjusted[is_tested] = stats.false_discovery_control(adjusted[is_tested])
    return tuple(None if math.isnan(q) else q for q in adjusted.tolist())


def by_slice(estimates: Sequence[Estimate], *, against: float | Sequence[Estimate]) -> tuple[SliceTest, ...]:
    """Test the share of every slice against a fixed share or against the rest, adjusted for their number.

    Parameters
    ----------
    estimates : sequence of Estimate
        One share per slice, such as a win rate or a disagreement rate.
    against : float in (0, 1), or sequence of Estimate
        A fixed share, such as ½ for a win rate; or for each slice the same share of the rest of the window. The whole
        window will not do: the slice is part of it.

    Returns
    -------
    tuple of SliceTest
        In the order given.

    Raises
    ------
    ValueError
        If the lengths differ, or an estimate is not a share.

    References
    ----------
    Benjamini and Hochberg (1995), Controlling the false discovery rate.

    Examples
    --------
    >>> from apps.stats.estimate import missing
    >>> slices = [Estimate(0.8, 0.6, 0.9, "hajek", 60, se=0.07, df=40.0), missing("no_labels")]
    >>> [(test.q_value and round(test.q_value, 4), test.code) for test in by_slice(slices, against=0.5)]
    [(0.0043, None), (None, 'no_labels')]
    """
    others: list[Estimate | float] = []
    others += [against] * len(estimates) if isinstance(against, float | int) else against
    if len(others) != len(estimates):
        raise ValueError(f"against must have length {len(estimates)}, got {len(others)}")
    tests = [compare_share(one, other) for one, other in zip(estimates, others, strict=True)]
    adjusted = q_values(test.p_value for test in tests)
    return tuple(
        SliceTest(one, other, test.p_value, q, code=test.code)
        for one, other, test, q in zip(estimates, others, tests, adjusted, strict=True)
    )
