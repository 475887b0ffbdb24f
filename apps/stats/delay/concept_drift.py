"""Concept drift: measured performance against the performance that the scores predict."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from apps.stats.arrays import FloatArray, IntArray
from apps.stats.estimate import Estimate, missing
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.confusion import PLAIN_SCALE, Confusion, Metric, evaluate, gradient, undefined
from apps.stats.estimators.population import Population
from apps.stats.estimators.recalibration import RAW_SCORE, Recalibration
from apps.stats.intervals import LEVEL


@dataclass(frozen=True)
class ConceptDrift:
    """A window's measured performance against the performance that its scores predict.

    Attributes
    ----------
    expected : Estimate
        Plug-in of m₀, with the uncertainty of its fit.
    measured : Estimate
        From labels or outcomes of the window.
    difference : Estimate
        Measured minus expected.
    z, p : float or None
        Difference in standard errors, and the two-sided probability of one at least as large without drift.
    has_drifted : bool
        Whether p is below one minus the level.
    code : str or None
        Why there is no test: the code of the missing figure, or `no_variation`.
    """

    expected: Estimate
    measured: Estimate
    difference: Estimate
    z: float | None = None
    p: float | None = None
    has_drifted: bool = False
    code: str | None = None


@dataclass(frozen=True, eq=False)
class _PlugIn:
    """The metric of m₀ alone, with its two variances."""

    value: float
    of_fit: float  # variance from the coefficients of m₀
    of_outcomes: float  # variance of N outcomes about m₀


def expected_performance(
    metric: Metric, population: Population, before: Recalibration = RAW_SCORE, *, level: float = LEVEL
) -> Estimate:
    """Estimate a metric from the scores alone, Σ m₀/N, before there is any label.

    Parameters
    ----------
    metric : str or formula
        Metric of the confusion table.
    population : Population
        Cells of the window.
    before : Recalibration
        m₀, fitted on labels from before the window. Refitted on the window's own labels it would absorb the drift.
    level : float, in (0, 1)
        Confidence level of the interval.

    Returns
    -------
    Estimate
        Method "plug-in", with the interval that comes from the fit of m₀. Without a value: `no_population`, `no_score`,
        or the code of an undefined metric.

    Raises
    ------
    ValueError
        If the metric is unknown or not a metric of the confusion table, or a predicted class is not 0 or 1.

    References
    ----------
    Guillory and others (2021), Predicting with confidence on unseen distributions.

    Examples
    --------
    >>> cells = Population.from_rows(predicted=[1, 1, 0, 0], score=[0.9, 0.9, 0.1, 0.1], pi=[0.1] * 4)
    >>> figure = expected_performance("accuracy", cells)
    >>> round(figure.value, 2), figure.method
    (0.9, 'plug-in')
    """
    return _expected(metric, _plug_in(metric, population, before), level=level)


def concept_drift(
    metric: Metric, estimator: BinaryEstimator, before: Recalibration = RAW_SCORE, *, level: float = LEVEL
) -> ConceptDrift:
    """Test whether the truth has moved away from the score: measured minus expected performance, with its interval.

    Three variances add up: that of the measurement, that of the fit of m₀, and that of the window's own outcomes about
    m₀. Only the last remains where all outcomes are known.

    Parameters
    ----------
    metric : str or formula
        Metric of the confusion table.
    estimator : BinaryEstimator
        Estimator of the window, from reviews or from the outcomes so far.
    before : Recalibration
        m₀, fitted on labels from before the window. The default is the raw score; if that was never calibrated, it
        differs from the truth without any drift.
    level : float, in (0, 1)
        Confidence level of the intervals; 1 − level is the level of the test.

    Returns
    -------
    ConceptDrift
        Both figures, their difference and its test.

    Raises
    ------
    ValueError
        As for `expected_performance`.

    References
    ----------
    Welch (1947), for the degrees of freedom.

    Examples
    --------
    >>> from apps.stats.estimators.sample import Sample
    >>> known = {"predicted": [1] * 400, "score": [0.9] * 400, "pi": [1.0] * 400}
    >>> window = BinaryEstimator(Population.from_rows(**known), Sample.of(**known, label=[1] * 280 + [0] * 120))
    >>> drift = concept_drift("accuracy", window)
    >>> round(drift.difference.value, 2), drift.has_drifted
    (-0.2, True)
    """
    plug_in = _plug_in(metric, estimator.population, before)
    expected, measured = _expected(metric, plug_in, level=level), estimator.estimate(metric)
    if isinstance(plug_in, str) or measured.value is None or measured.se is None:
        code = plug_in if isinstance(plug_in, str) else measured.code or "no_variation"
        return ConceptDrift(expected, measured, missing(code, n=measured.n), code=code)
    gap = measured.value - plug_in.value
    variance = measured.se**2 + plug_in.of_fit + plug_in.of_outcomes
    if variance == 0:
        return ConceptDrift(expected, measured, missing("no_variation", n=measured.n), code="no_variation")
    df = _satterthwaite(variance, measured)
    se = math.sqrt(variance)
    half = float(stats.t.ppf((1 + level) / 2, df)) * se
    p = 2 * float(stats.t.sf(abs(gap) / se, df))
    difference = Estimate(
        gap,
        gap - half,
        gap + half,
        "plain",
        measured.n,
        n_eff=measured.n_eff,
        code=measured.code,
        se=se,
        df=df if math.isfinite(df) else None,
    )
    return ConceptDrift(expected, measured, difference, z=gap / se, p=p, has_drifted=p < 1 - level)


def _expected(metric: Metric, plug_in: _PlugIn | str, *, level: float) -> Estimate:
    if isinstance(plug_in, str):
        return missing(plug_in)
    half = float(stats.norm.ppf((1 + level) / 2)) * math.sqrt(plug_in.of_fit)
    low, high = _bounds(metric)
    return Estimate(
        plug_in.value,
        max(low, plug_in.value - half),
        min(high, plug_in.value + half),
        "plug-in",
        0,
        se=math.sqrt(plug_in.of_fit),
    )


def _plug_in(metric: Metric, population: Population, before: Recalibration) -> _PlugIn | str:
    """Return the metric of m₀ over the cells, or the code that says why it has none."""
    if (population.predicted > 1).any():
        raise ValueError("predicted of the population must be 0 or 1")
    n, predicted, size = population.n, population.predicted, population.size
    mean = before.predict(population.logit)
    table = _expected_table(predicted, n, mean)
    if reason := undefined(metric, table):
        return reason
    if (population.bin[n > 0] < 0).any():
        return "no_score"
    by_tp, by_fp, by_fn, by_tn = gradient(metric, table)
    beta = np.array([by_fn - by_tn, by_tp - by_fp])[predicted] / size
    spread = mean * (1 - mean)
    by_coefficient = np.array([beta * n @ spread, beta * n @ (spread * population.logit)])
    covariance = np.zeros((2, 2)) if before.covariance is None else before.covariance
    return _PlugIn(
        value=evaluate(metric, table),
        of_fit=max(float(by_coefficient @ covariance @ by_coefficient), 0.0),
        of_outcomes=float((n * beta**2) @ spread),
    )


def _expected_table(predicted: IntArray, n: FloatArray, mean: FloatArray) -> Confusion:
    size = max(float(n.sum()), 1.0)
    positive, negative = n * mean / size, n * (1 - mean) / size
    return Confusion(
        tp=float(positive[predicted == 1].sum()),
        fp=float(negative[predicted == 1].sum()),
        fn=float(positive[predicted == 0].sum()),
        tn=float(negative[predicted == 0].sum()),
    )


def _bounds(metric: Metric) -> tuple[float, float]:
    if not isinstance(metric, str):
        return -math.inf, math.inf
    return (-1.0, 1.0) if metric in PLAIN_SCALE else (0.0, 1.0)


def _satterthwaite(variance: float, measured: Estimate) -> float:
    """Return the degrees of freedom of a sum in which only the measured part is estimated with few."""
    if not measured.se or measured.df is None:
        return math.inf
    return measured.df * (variance / measured.se**2) ** 2
