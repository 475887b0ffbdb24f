"""Estimates: a value never travels without its interval, or without the reason why there is none."""

import math
from dataclasses import dataclass, replace

from apps.stats.intervals import Interval


@dataclass(frozen=True)
class Estimate:
    """One figure with its uncertainty.

    Attributes
    ----------
    value, low, high : float or None
        The value is None only together with a code. Uncorrected AUC, F1 and Brier have a value and no interval.
    method : str
        "logit-mod", "log-mod", "plain-mod", "wilson-mod", "wilson", "hajek", "plain", "exact", "uncorrected",
        "folded-normal", "kaplan-meier", "plug-in", "bootstrap", "beta", "order-statistic", "sequence", "mover"; "none"
        without a value.
    n : int
        Labels used: those the metric depends on.
    n_eff : float or None
        Labels of a draw with equal probabilities that would be as precise: n·V_srs/V*.
    code : str or None
        Why there is no value: `no_labels`, `not_estimable` (the draw cannot reach part of the population),
        `no_response`, `no_predicted_positives`, `no_predicted_negatives`, `no_positives`, `no_negatives`,
        `no_baseline`, `no_score`, `no_population`, `no_amount`, `no_errors`, `no_disagreement`, `no_variation`,
        `no_overlap` (no item has two labels), `no_outcomes`, `not_mature` (no prediction is old enough),
        `undefined` (a custom formula gives no finite number), `unequal_probabilities` (no exact binomial),
        `coarse_score` (score bins too coarse to rank by),
        `no_reference`, `one_bin` (of drift), `too_few` (also of a median), `too_few_changes` (of a reveal), `one_sided`
        (only one direction of an error costs).
        Beside a value: `preliminary`, `adjudication_open`, `boundary`, `open_above` (no upper end),
        `open_below` (no lower end).
    se, df : float or None
        √V* on the scale of the metric, and the degrees of freedom of its t quantile; without df it is a normal one.
    covered_share : float or None
        Share of the population that the draw can reach (π > 0).
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
        # One sum finds any nan or infinity; a report makes thousands of estimates.
        numbers = (self.value, self.low, self.high, self.se, self.df, self.n_eff, self.covered_share)
        if not math.isfinite(sum(number or 0.0 for number in numbers)):
            raise ValueError(f"value, low, high, se, df, n_eff and covered_share must be finite, got {numbers}")

    def scaled(self, factor: float) -> "Estimate":
        """Convert the figure to another unit, for example from each prediction to 1,000 of them.

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
        """Add a known amount to the figure.

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
    """Report that there is no value, and why.

    Parameters
    ----------
    code : str
        One of the codes of `Estimate`.
    n : int
        Labels there are.
    covered_share : float, optional
        Share of the population that the draw can reach.

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
    """Report a value without uncertainty, because every outcome it depends on is known.

    Parameters
    ----------
    value : float
        Value, and both ends of its interval.
    n : int
        Labels used.
    covered_share : float, optional
        Share of the population that the draw can reach.

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
    n: int,
    n_eff: float | None = None,
    covered_share: float | None = None,
    is_adjudication_open: bool = False,
    needed: int = 0,
    method: str | None = None,
) -> Estimate:
    """Turn an interval into an estimate, with its sample sizes and its most serious caveat.

    Parameters
    ----------
    interval : Interval
        Value, ends, error and degrees of freedom.
    n : int
        Labels used.
    n_eff : float, optional
        Equally drawn labels that would be as precise.
    covered_share : float, optional
        Share of the population that the draw can reach.
    is_adjudication_open : bool
        Some class of items chosen for adjudication has none settled yet.
    needed : int
        Labels still needed; above 0 the figure is preliminary.
    method : str, optional
        Name in place of the interval's own.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> from_interval(Interval(0.9, 0.8, 0.95, "logit-mod", 0.02, 40.0), n=2, needed=7).code
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
        n,
        n_eff=n_eff,
        code=code,
        se=interval.se,
        df=interval.df if math.isfinite(interval.df) else None,
        covered_share=covered_share,
        labels_needed=needed or None,
    )


def caveat_of(*, is_preliminary: bool, is_adjudication_open: bool, is_boundary: bool) -> str | None:
    """Pick the most serious code that holds beside a value, or None.

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


def _plus(number: float | None, by: float) -> float | None:
    return None if number is None else number + by


def _times(number: float | None, factor: float) -> float | None:
    return None if number is None else number * factor
