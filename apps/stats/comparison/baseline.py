"""Model against baseline: tests of their difference in accuracy."""

import math
from dataclasses import dataclass

from scipy import stats

from apps.stats.comparison.shares import error_facing, in_errors, tail_of
from apps.stats.estimate import Estimate


@dataclass(frozen=True)
class Comparison:
    """Test of the difference Δ̂ = model − baseline.

    Attributes
    ----------
    z, p_value : float or None
        Weighted McNemar, z = Δ̂/√V, two-sided, by the same t as the interval.
    code : str or None
        The difference's own code, or `exact` where the difference is known without uncertainty and needs no test.
    """

    z: float | None
    p_value: float | None
    code: str | None = None


@dataclass(frozen=True)
class McNemar:
    """McNemar's test of plain counts.

    Attributes
    ----------
    statistic, p_value : float
        χ² with one degree of freedom, without continuity correction.
    """

    statistic: float
    p_value: float


def compare(difference: Estimate) -> Comparison:
    """Test a difference of accuracies: p is below .05 exactly where its 95 % interval excludes zero.

    Parameters
    ----------
    difference : Estimate
        Model − baseline, as `BinaryEstimator.accuracy_difference` gives it.

    Returns
    -------
    Comparison
        Without z and p-value where the difference has no value or no uncertainty; its code says which.

    References
    ----------
    McNemar (1947), Note on the sampling error of the difference between correlated proportions or percentages.

    Examples
    --------
    >>> test = compare(Estimate(0.02, 0.004107, 0.035893, "plain-mod", 120, se=0.008, df=90.0))
    >>> round(test.z, 2), round(test.p_value, 4)
    (2.5, 0.0142)
    """
    if difference.value is None:
        return Comparison(None, None, code=difference.code)
    if not difference.se:
        return Comparison(None, None, code="exact")
    z = in_errors(difference.value, error_facing(difference, 0.0))
    return Comparison(z, 2 * tail_of(abs(z), difference.df), code=difference.code)


def mcnemar(model_wins: int, baseline_wins: int) -> McNemar | None:
    """Run McNemar's test where every disagreement was labeled with the same probability.

    Parameters
    ----------
    model_wins, baseline_wins : int
        Labeled items on which only the model, or only the baseline, is right.

    Returns
    -------
    McNemar or None
        None without a decided disagreement.

    Raises
    ------
    ValueError
        If a count is negative.

    References
    ----------
    McNemar (1947), Note on the sampling error of the difference between correlated proportions or percentages.

    Examples
    --------
    >>> round(mcnemar(86, 150).statistic, 4)
    17.3559
    """
    if model_wins < 0 or baseline_wins < 0:
        raise ValueError("model_wins and baseline_wins must not be negative")
    decided = model_wins + baseline_wins
    if decided == 0:
        return None
    z = (model_wins - baseline_wins) / math.sqrt(decided)
    return McNemar(z * z, 2 * float(stats.norm.sf(abs(z))))
