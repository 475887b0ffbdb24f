"""Exact win rate of a model over its baseline, for draws with equal probabilities."""

from dataclasses import dataclass

from numpy.typing import ArrayLike
from scipy import stats

from apps.stats.arrays import as_binary, as_inclusion
from apps.stats.estimate import Estimate, missing
from apps.stats.intervals import LEVEL


@dataclass(frozen=True)
class WinRate:
    """Share of decided disagreements that the model wins, with the exact test against one half.

    Attributes
    ----------
    estimate : Estimate
        The share with its interval.
    p_value : float or None
        Two-sided binomial; None where the estimate has no value.
    """

    estimate: Estimate
    p_value: float | None


def exact_win_rate(model_wins: ArrayLike, pi: ArrayLike, *, level: float = LEVEL) -> WinRate:
    """Estimate the win rate with the Clopper–Pearson interval, from disagreements that were equally likely to be drawn.

    Parameters
    ----------
    model_wins : array (n,) of 0 or 1
        One row per labeled disagreement on which exactly one of the two is right: 1 if it is the model.
    pi : array (n,), in (0, 1]
        Inclusion probability, response included.
    level : float, in (0, 1)
        Confidence level of the interval.

    Returns
    -------
    WinRate
        `no_labels` without any; `unequal_probabilities` where pi varies, and then only the weighted win rate holds.
        At π ≡ 1 the window itself is known, and the interval is that of the process behind it, as with McNemar.

    Raises
    ------
    ValueError
        If lengths differ, a win is not 0 or 1, pi is outside (0, 1] or the level outside (0, 1).

    References
    ----------
    Clopper and Pearson (1934), The use of confidence or fiducial limits illustrated in the case of the binomial.

    Examples
    --------
    >>> rate = exact_win_rate([1] * 8 + [0] * 2, [0.5] * 10)
    >>> rate.estimate.value, round(rate.estimate.low, 4), round(rate.estimate.high, 4), round(rate.p_value, 4)
    (0.8, 0.4439, 0.9748, 0.1094)
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level}")
    inclusion = as_inclusion("pi", pi)
    n = len(inclusion)
    wins = int(as_binary("model_wins", model_wins, length=n).sum())
    if n == 0:
        return WinRate(missing("no_labels"), None)
    # A product π·r read back from a database may differ in its last digits.
    if inclusion.max() > inclusion.min() * (1 + 1e-9):
        return WinRate(missing("unequal_probabilities", n=n), None)
    test = stats.binomtest(wins, n)
    ends = test.proportion_ci(level, method="exact")
    share = Estimate(wins / n, float(ends.low), float(ends.high), "clopper-pearson", n, n_eff=float(n))
    return WinRate(share, float(test.pvalue))
