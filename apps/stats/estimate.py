"""Estimate: a value that never travels without its interval, or without the reason why there is none."""

import math
from dataclasses import dataclass, replace

import numpy as np

from apps.stats.arrays import FloatArray, as_floats
from apps.stats.intervals import NU_0, Interval

MINIMUM_DF = 15.0
MINIMUM_FLOOR_LABELS = 50.0


@dataclass(frozen=True)
class Estimate:
    """One figure.

    Attributes
    ----------
    value, low, high : float or None
        None only together with a code. The uncorrected AUC, F1 and Brier have a value and no interval.
    method : str
        "logit-mod", "plain-mod", "wilson", "hajek", "plain", "exact", "uncorrected", "kaplan-meier",
        "plug-in", "bootstrap", "beta", "rogan-gladen", "woodruff", "order-statistic"; "none" without a value.
    n : int
        Labels used: those on which the metric depends.
    n_eff : float or None
        (Σd)²/Σd² over those labels.
    code : str or None
        Without a number: `no_labels`, `not_estimable` (part of the population could not be drawn),
        `no_response`, `no_predicted_positives`, `no_predicted_negatives`, `no_positives`, `no_negatives`,
        `no_baseline`, `no_score`, `no_population`, `no_amount`, `no_errors`,
        `no_disagreement`, `no_variation`, `no_overlap` (no two labels of one item), `no_discrimination`
        (reviewers no better than chance), `no_outcomes`, `not_mature` (no prediction is old enough),
        `unequal_probabilities` (no exact binomial), `no_reference`, `one_bin` (of drift), `too_few` (also of a median),
        `one_sided` (only one direction of an error costs).
        Beside a number: `preliminary`, `adjudication_open`, `boundary`, `open_above` (no upper end),
        `open_below` (no lower one).
    se, df : float or None
        √V* on the scale of the metric, and the degrees of freedom of its t quantile; df None: a normal one.
    covered_share : float or None
        Share of the population that could be drawn (π > 0).
    labels_needed : int or None
        With `preliminary`: labels still needed until the figure stands.

    Examples
    --------
    >>> missing("no_labels").method
    'none'
    """

    value: float | None
    low: float | None
    high: float | None
    method: str
    n: int
    n_eff: float | None = None
    code: str | None = None
    se: float | None = None
    df: float | None = None
    covered_share: float | None = None
    labels_needed: int | None = None

    def __post_init__(self) -> None:
        if self.value is None and self.code is None:
            raise ValueError("an estimate without a value needs a code")
        # One addition finds any nan or infinity among them; a report makes thousands of these.
        numbers = (self.value, self.low, self.high, self.se, self.df, self.n_eff, self.covered_share)
        if not math.isfinite(sum(number or 0.0 for number in numbers)):
            raise ValueError(f"value, low, high, se, df, n_eff and covered_share must be finite, got {numbers}")

    def scaled(self, factor: float) -> "Estimate":
        """The same figure in another unit: per 1,000 instead of each, for example.

        Raises
        ------
        ValueError
            If the factor is not finite.

        Examples
        --------
        >>> Estimate(2.0, 1.0, 3.0, "plain-mod", 50, se=0.5).scaled(1000).low
        1000.0
        """
        if not math.isfinite(factor):
            raise ValueError(f"factor must be finite, got {factor}")
        low, high = _times(self.low, factor), _times(self.high, factor)
        if factor < 0:
            low, high = high, low
        return replace(self, value=_times(self.value, factor), low=low, high=high, se=_times(self.se, abs(factor)))

    def shifted(self, by: float) -> "Estimate":
        """The same figure with a known amount added.

        Raises
        ------
        ValueError
            If the amount is not finite.

        Examples
        --------
        >>> Estimate(2.0, 1.0, 3.0, "plain-mod", 50).shifted(10.0).high
        13.0
        """
        if not math.isfinite(by):
            raise ValueError(f"by must be finite, got {by}")
        return replace(self, value=_plus(self.value, by), low=_plus(self.low, by), high=_plus(self.high, by))


def missing(code: str, *, n: int = 0, covered_share: float | None = None) -> Estimate:
    """No number, and why.

    Parameters
    ----------
    code : str
    n : int
    covered_share : float, optional

    Returns
    -------
    Estimate

    Examples
    --------
    >>> missing("no_positives", n=12).n
    12
    """
    return Estimate(None, None, None, "none", n, code=code, covered_share=covered_share)


def exactly(value: float, *, n: int, covered_share: float | None = 1.0) -> Estimate:
    """A figure without uncertainty: every outcome of the window is in.

    Parameters
    ----------
    value : float
    n : int
    covered_share : float, optional

    Returns
    -------
    Estimate

    Examples
    --------
    >>> figure = exactly(0.5, n=4)
    >>> figure.low == figure.value == figure.high, figure.method
    (True, 'exact')
    """
    return Estimate(value, value, value, "exact", n, n_eff=float(n), se=0.0, covered_share=covered_share)


def from_interval(
    interval: Interval,
    *,
    pi: FloatArray,
    covered_share: float | None = None,
    is_adjudication_open: bool = False,
    needed: int = 0,
    method: str | None = None,
) -> Estimate:
    """Estimate of an interval, with the sizes of its sample and the most serious of its caveats.

    Parameters
    ----------
    interval : Interval
    pi : array (n,)
        Inclusion probabilities of the labels used.
    covered_share : float, optional
    is_adjudication_open : bool
        Some class of items chosen for adjudication has none settled yet.
    needed : int
        Labels still needed; above 0 makes the figure preliminary.
    method : str, optional
        Name in place of the interval's own.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> import numpy as np
    >>> interval = Interval(0.9, 0.8, 0.95, "logit-mod", 0.02, 40.0)
    >>> from_interval(interval, pi=np.array([0.1, 0.1]), needed=7).code
    'preliminary'
    """
    code = caveat_of(
        is_preliminary=needed > 0,
        is_adjudication_open=is_adjudication_open,
        is_boundary=interval.is_boundary,
    )
    return Estimate(
        interval.value,
        interval.low,
        interval.high,
        method or interval.method,
        len(pi),
        n_eff=effective_size(pi),
        code=code,
        se=interval.se,
        df=interval.df,
        covered_share=covered_share,
        labels_needed=needed or None,
    )


def caveat_of(*, is_preliminary: bool, is_adjudication_open: bool, is_boundary: bool) -> str | None:
    """The most serious code that holds beside a number, or None.

    Examples
    --------
    >>> caveat_of(is_preliminary=False, is_adjudication_open=True, is_boundary=True)
    'adjudication_open'
    """
    if is_preliminary:
        return "preliminary"
    if is_adjudication_open:
        return "adjudication_open"
    return "boundary" if is_boundary else None


def effective_size(pi: FloatArray) -> float | None:
    """Kish's effective sample size (Σd)²/Σd², None without labels.

    Parameters
    ----------
    pi : array (n,), in (0, 1]

    Returns
    -------
    float or None

    Raises
    ------
    ValueError
        If a probability is not positive.

    References
    ----------
    Kish (1965), Survey Sampling.

    Examples
    --------
    >>> import numpy as np
    >>> effective_size(np.array([0.5, 0.5, 0.5]))
    3.0
    """
    inclusion = as_floats("pi", pi)
    if len(inclusion) == 0:
        return None
    if not inclusion.min() > 0:
        raise ValueError(f"pi must be positive, got {float(inclusion.min())}")
    design = inclusion.min() / inclusion  # scaled, so that equal weights give exactly n
    return float(design.sum() ** 2 / (design**2).sum())


def labels_needed(*, df: float, n: int, floor_labels: float | None, expected_labels: float) -> int:
    """Labels still needed under the minimum rule: ν + ν₀ ≥ 15 and at least 50 expected floor labels.

    Parameters
    ----------
    df : float
        ν + ν₀ of the interval.
    n : int
        Labels used.
    floor_labels : float or None
        Expected labels of the random floor, n·δ; None where the draw has no separate floor.
    expected_labels : float
        Expected labels of all policies, Σπ; with the floor's share, what a further floor label costs.

    Returns
    -------
    int
        0 if the figure stands.

    Raises
    ------
    ValueError
        If a number is negative or not finite.

    Examples
    --------
    >>> labels_needed(df=60.0, n=100, floor_labels=30.0, expected_labels=100.0)
    67
    >>> labels_needed(df=12.0, n=10, floor_labels=None, expected_labels=10.0)
    15
    """
    floor = None if floor_labels is None else np.array([floor_labels])
    return int(
        labels_needed_by_part(
            df=np.array([df]), n=np.array([n]), floor_labels=floor, expected_labels=np.array([expected_labels])
        )[0]
    )


def labels_needed_by_part(
    *, df: FloatArray, n: FloatArray, floor_labels: FloatArray | None, expected_labels: FloatArray
) -> FloatArray:
    """`labels_needed` of many figures at once (parts,)."""
    for name, given in (("df", df), ("n", n), ("floor_labels", floor_labels), ("expected_labels", expected_labels)):
        if given is not None and (as_floats(name, given, length=len(df), largest=1e100) < 0).any():
            raise ValueError(f"{name} must not be negative")
    nu, wanted = df - NU_0, MINIMUM_DF - NU_0
    by_labels = np.divide(n * wanted, nu, out=n + wanted, where=nu > 1e-9) - n
    needed = np.where(df < MINIMUM_DF, by_labels, 0.0)
    if floor_labels is not None:
        # What a further floor label costs: the other policies draw their share with it.
        has_floor = floor_labels > 1e-9
        cost = np.divide(expected_labels, floor_labels, out=np.ones_like(needed), where=has_floor)
        short = (MINIMUM_FLOOR_LABELS - floor_labels) * np.maximum(cost, 1.0)
        needed = np.maximum(needed, np.where(floor_labels < MINIMUM_FLOOR_LABELS, short, 0.0))
    return np.where(needed > 0, np.ceil(np.maximum(needed, 1.0)), 0.0)


def missed_error_bound(floor_labels: float) -> float:
    """Upper 95 % bound on the rate of missed errors where the floor found none: 3/(δn).

    Parameters
    ----------
    floor_labels : float, positive
        Labels of the random floor, n·δ.

    Returns
    -------
    float, in (0, 1]

    Raises
    ------
    ValueError
        If there are no floor labels.

    References
    ----------
    Hanley and Lippman-Hand (1983), If nothing goes wrong, is everything all right?

    Examples
    --------
    >>> missed_error_bound(150)
    0.02
    """
    if not 0 < floor_labels < math.inf:
        raise ValueError(f"floor_labels must be positive, got {floor_labels}")
    return min(1.0, 3.0 / floor_labels)


def _plus(number: float | None, by: float) -> float | None:
    return None if number is None else number + by


def _times(number: float | None, factor: float) -> float | None:
    return None if number is None else number * factor
