"""Model against baseline: tests and bounds for the difference, on their disagreements."""

import math
from dataclasses import dataclass

from scipy import stats

from apps.stats.estimate import Estimate
from apps.stats.intervals import LEVEL


@dataclass(frozen=True)
class Comparison:
    """What the difference Δ̂ = model − baseline says.

    Attributes
    ----------
    difference : Estimate
    z, p_value : float or None
        Weighted McNemar, z = Δ̂/√V, two-sided.
    lower_bound : float or None
        One-sided lower bound of the difference; the model is not inferior by more than a margin if it is above −margin.
    code : str or None
        The difference's own code, or `exact` where it is known without uncertainty and needs no test.
    """

    difference: Estimate
    z: float | None
    p_value: float | None
    lower_bound: float | None
    code: str | None = None

    def is_non_inferior(self, margin: float) -> bool | None:
        """Whether the model is worse by less than the margin; None where it cannot be said.

        >>> compare(Estimate(0.01, -0.002, 0.022, "plain-mod", 80, se=0.006, df=70.0)).is_non_inferior(0.005)
        True
        """
        return None if self.lower_bound is None else self.lower_bound > -margin


@dataclass(frozen=True)
class NonInferiority:
    """Whether the model is worse than the baseline by less than a margin.

    Attributes
    ----------
    difference : Estimate
    margin : float
    lower_bound : float or None
        One-sided bound of the difference.
    p_value : float or None
        Of "worse by the margin or more", one-sided.
    is_non_inferior : bool or None
        The bound is above −margin; None where it cannot be said.
    code : str or None
        The difference's own code, or `exact` where it is known without uncertainty and needs no test.
    """

    difference: Estimate
    margin: float
    lower_bound: float | None
    p_value: float | None
    is_non_inferior: bool | None
    code: str | None = None


@dataclass(frozen=True)
class McNemar:
    """McNemar's test of plain counts.

    Attributes
    ----------
    statistic, p_value : float
        χ² with one degree of freedom, without continuity correction.
    exact_p_value : float
        Two-sided binomial.
    """

    statistic: float
    p_value: float
    exact_p_value: float


def compare(difference: Estimate, *, level: float = LEVEL) -> Comparison:
    """Test and one-sided bound of a difference of accuracies.

    Parameters
    ----------
    difference : Estimate
        Model − baseline, as `BinaryEstimator.accuracy_difference` gives it.
    level : float
        Of the one-sided bound.

    Returns
    -------
    Comparison

    References
    ----------
    McNemar (1947); Lachenbruch and Lynch (1998) for non-inferiority of paired proportions.

    Examples
    --------
    >>> found = compare(Estimate(0.02, 0.004, 0.036, "plain-mod", 120, se=0.008, df=90.0))
    >>> round(found.z, 2), round(found.p_value, 4), round(found.lower_bound, 4)
    (2.5, 0.0124, 0.0067)
    """
    if difference.value is None:
        return Comparison(difference, None, None, None, code=difference.code)
    if not difference.se:
        return Comparison(difference, None, None, difference.value, code="exact")
    z = difference.value / difference.se
    quantile = stats.norm.ppf(level) if difference.df is None else stats.t.ppf(level, difference.df)
    lower = difference.value - float(quantile) * difference.se
    return Comparison(difference, z, 2 * float(stats.norm.sf(abs(z))), lower, code=difference.code)


def mcnemar(model_wins: int, baseline_wins: int) -> McNemar | None:
    """McNemar's test where every disagreement was labelled with the same probability.

    Parameters
    ----------
    model_wins, baseline_wins : int
        Labelled items on which only the one is right.

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
    McNemar (1947), Note on the sampling error of the difference between correlated proportions.

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
    exact = stats.binomtest(model_wins, decided).pvalue
    return McNemar(z * z, 2 * float(stats.norm.sf(abs(z))), float(exact))


def non_inferiority(difference: Estimate, *, margin: float, level: float = LEVEL) -> NonInferiority:
    """One-sided test that the model is worse than the baseline by less than the margin.

    Parameters
    ----------
    difference : Estimate
        Model − baseline.
    margin : float, not negative
        The loss that would still be accepted, in the unit of the difference. 0 asks for superiority.
    level : float, in (0, 1)
        Of the bound; the p-value is below 1 − level exactly where the bound is above −margin.

    Returns
    -------
    NonInferiority

    Raises
    ------
    ValueError
        If the margin is negative or not finite, or the level is outside (0, 1).

    References
    ----------
    Lachenbruch and Lynch (1998), Assessing screening tests: extensions of McNemar's test.

    Examples
    --------
    >>> found = non_inferiority(Estimate(0.0, -0.02, 0.02, "plain-mod", 120, se=0.01, df=90.0), margin=0.02)
    >>> round(found.lower_bound, 4), round(found.p_value, 4), found.is_non_inferior
    (-0.0166, 0.0243, True)
    """
    if not (math.isfinite(margin) and margin >= 0):
        raise ValueError(f"margin must be finite and not negative, got {margin}")
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level}")
    lower = compare(difference, level=level).lower_bound
    if difference.value is None or lower is None:
        return NonInferiority(difference, margin, None, None, None, code=difference.code)
    if not difference.se:
        return NonInferiority(difference, margin, lower, None, lower > -margin, code="exact")
    t = (difference.value + margin) / difference.se
    tail = stats.norm.sf(t) if difference.df is None else stats.t.sf(t, difference.df)
    return NonInferiority(difference, margin, lower, float(tail), lower > -margin, code=difference.code)
