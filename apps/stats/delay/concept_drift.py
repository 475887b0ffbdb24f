"""Concept drift: the performance that scores let one expect against the one that was measured."""

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
from apps.stats.score_bins import bin_centers


@dataclass(frozen=True)
class ConceptDrift:
    """A window's measured performance less what its scores let one expect.

    Attributes
    ----------
    expected : Estimate
        Plug-in of m₀, with the uncertainty of its fit.
    measured : Estimate
        From labels or outcomes of the window.
    difference : Estimate
        Measured less expected.
    z, p : float or None
        The difference by its standard error, and the two-sided probability of one at least as large without drift.
    has_drifted : bool
        p is below one minus the level.
    code : str or None
        Why there is no test: that of the figure that is missing, or `no_variation`.
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
    of_fit: float  # of m₀'s coefficients
    of_outcomes: float  # of N outcomes about m₀


def expected_performance(
    metric: Metric, population: Population, before: Recalibration = RAW_SCORE, *, level: float = LEVEL
) -> Estimate:
    """The plug-in metric Σ m₀/N: confidence-based performance, before there is any label.

    Parameters
    ----------
    metric : str or formula
        Of the confusion table.
    population : Population
        Cells of the window.
    before : Recalibration
        m₀, fitted on labels from before the window. Refitted on the window's own labels it would absorb the drift.
    level : float, in (0, 1)

    Returns
    -------
    Estimate
        Method "plug-in", with the interval that comes from the fit of m₀; `no_population`, `no_score`, or the code of a
        metric that is undefined.

    Raises
    ------
    ValueError
        If the metric is unknown or not one of the confusion table, or a predicted class is not 0 or 1.

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
    """Whether truth has moved away from the score: measured less expected, with the interval of the difference.

    Three variances add up: that of the measurement, that of the fit of m₀, and that of the window's own outcomes about
    m₀, which is left where all of them are known.

    Parameters
    ----------
    metric : str or formula
        Of the confusion table.
    estimator : BinaryEstimator
        Of the window, from reviews or from outcomes so far.
    before : Recalibration
        m₀, fitted on labels from before the window; the raw score if left out, and then a score that was never
        calibrated differs from the truth without any drift.
    level : float, in (0, 1)

    Returns
    -------
    ConceptDrift

    Raises
    ------
    ValueError
        As `expected_performance`.

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
    found = _plug_in(metric, estimator.population, before)
    expected, measured = _expected(metric, found, level=level), estimator.estimate(metric)
    if isinstance(found, str) or measured.value is None or measured.se is None:
        code = found if isinstance(found, str) else measured.code or "no_variation"
        return ConceptDrift(expected, measured, missing(code, n=measured.n), code=code)
    by = measured.value - found.value
    variance = measured.se**2 + found.of_fit + found.of_outcomes
    if variance == 0:
        return ConceptDrift(expected, measured, missing("no_variation", n=measured.n), code="no_variation")
    df = _satterthwaite(variance, measured)
    se = math.sqrt(variance)
    half = float(stats.t.ppf((1 + level) / 2, df)) * se
    p = 2 * float(stats.t.sf(abs(by) / se, df))
    difference = Estimate(
        by,
        by - half,
        by + half,
        "plain",
        measured.n,
        n_eff=measured.n_eff,
        code=measured.code,
        se=se,
        df=df if math.isfinite(df) else None,
    )
    return ConceptDrift(expected, measured, difference, z=by / se, p=p, has_drifted=p < 1 - level)


def _expected(metric: Metric, found: _PlugIn | str, *, level: float) -> Estimate:
    if isinstance(found, str):
        return missing(found)
    half = float(stats.norm.ppf((1 + level) / 2)) * math.sqrt(found.of_fit)
    low, high = _bounds(metric)
    return Estimate(
        found.value,
        max(low, found.value - half),
        min(high, found.value + half),
        "plug-in",
        0,
        se=math.sqrt(found.of_fit),
    )


def _plug_in(metric: Metric, population: Population, before: Recalibration) -> _PlugIn | str:
    """The metric of m₀ over the cells, or the reason code where it has none."""
    if (population.predicted > 1).any():
        raise ValueError("predicted of the population must be 0 or 1")
    n, said, size = population.n, population.predicted, population.size
    mean = before.predict_bin(population.bin)
    table = _expected_table(said, n, mean)
    if reason := undefined(metric, table):
        return reason
    if (population.bin[n > 0] < 0).any():
        return "no_score"
    by_tp, by_fp, by_fn, by_tn = gradient(metric, table)
    beta = np.array([by_fn - by_tn, by_tp - by_fp])[said] / size
    spread = mean * (1 - mean)
    by_coefficient = np.array([beta * n @ spread, beta * n @ (spread * bin_centers(population.bin))])
    covariance = np.zeros((2, 2)) if before.covariance is None else before.covariance
    return _PlugIn(
        value=evaluate(metric, table),
        of_fit=max(float(by_coefficient @ covariance @ by_coefficient), 0.0),
        of_outcomes=float((n * beta**2) @ spread),
    )


def _expected_table(said: IntArray, n: FloatArray, mean: FloatArray) -> Confusion:
    size = max(float(n.sum()), 1.0)
    positive, negative = n * mean / size, n * (1 - mean) / size
    return Confusion(
        tp=float(positive[said == 1].sum()),
        fp=float(negative[said == 1].sum()),
        fn=float(positive[said == 0].sum()),
        tn=float(negative[said == 0].sum()),
    )


def _bounds(metric: Metric) -> tuple[float, float]:
    if not isinstance(metric, str):
        return -math.inf, math.inf
    return (-1.0, 1.0) if metric in PLAIN_SCALE else (0.0, 1.0)


def _satterthwaite(variance: float, measured: Estimate) -> float:
    """Degrees of freedom of a sum of which only the measured part is estimated with few."""
    if not measured.se or measured.df is None:
        return math.inf
    return measured.df * (variance / measured.se**2) ** 2
