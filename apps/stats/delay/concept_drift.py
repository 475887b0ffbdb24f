"""Concept drift: has the truth moved away from the score since earlier outcomes?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from apps.stats.arrays import FloatArray, IntArray, as_floats, as_ints, as_level
from apps.stats.comparison.family_wise import holm
from apps.stats.comparison.shares import welch_df
from apps.stats.delay.plug_in import Expectation, Variance
from apps.stats.estimate import Estimate, missing
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.confusion import PLAIN_SCALE, Metric
from apps.stats.estimators.population import Population
from apps.stats.estimators.recalibration import RAW_SCORE, Recalibration, recalibrate
from apps.stats.estimators.sample import Sample
from apps.stats.intervals import LEVEL, t_quantile
from apps.stats.score_bins import LOGIT_BINS, ScoreBins

#: With fewer earlier outcomes there is no test.
LEAST_REFERENCE = 1_000
#: Chance of a false verdict on one window, over all of its metrics. A report tests two, the closed and the open days.
ALPHA = 0.025


@dataclass(frozen=True, eq=False)
class Reference:
    """Earlier predictions with their outcomes: one half says what to expect at a score, the other how far that is off.

    Make one with `Reference.of`.

    Attributes
    ----------
    before : Recalibration
        m₀, fitted on the first half.
    estimator : BinaryEstimator
        Estimator of the second half.
    n : int
        Outcomes of both halves.
    """

    before: Recalibration
    estimator: BinaryEstimator
    n: int

    @classmethod
    def of(
        cls,
        *,
        predicted: ArrayLike,
        score: ArrayLike,
        truth: ArrayLike,
        known_share: ArrayLike | None = None,
        log_share: ArrayLike | None = None,
        score_bins: ScoreBins = LOGIT_BINS,
    ) -> "Reference | None":
        """Split earlier predictions (N,), given in the order of their time, into two halves.

        Parameters
        ----------
        predicted : array (N,) of 0 or 1
            Predicted classes.
        score : array (N,), in [0, 1]
            Scores of the positive class, nan where there is none.
        truth : array (N,) of 0 or 1
            Outcomes, nan where none is known.
        known_share : array (N,), in (0, 1], optional
            Share of each prediction's class whose outcome is known; 1 if left out.
        log_share : array (N,), in (0, 1], optional
            The fraction of such traffic that was logged; 1 if left out.
        score_bins : ScoreBins
            Bins of the score, those of the window.

        Returns
        -------
        Reference or None
            None with fewer than `LEAST_REFERENCE` outcomes.

        Raises
        ------
        ValueError
            If lengths differ, or a class, truth, score or share is out of range.

        Examples
        --------
        >>> score = np.tile([0.1, 0.9], 500)
        >>> earlier = Reference.of(predicted=score > 0.5, score=score, truth=np.arange(1000) % 10 < 5)
        >>> earlier.n, len(earlier.estimator.sample.label)
        (1000, 500)
        """
        size = len(as_ints("predicted", predicted, minimum=0))
        outcome = as_floats("truth", truth, length=size, allow_nan=True)
        is_known = ~np.isnan(outcome)
        if is_known.sum() < LEAST_REFERENCE:
            return None
        share = np.ones(size) if known_share is None else as_floats("known_share", known_share, length=size)
        logged = np.ones(size) if log_share is None else as_floats("log_share", log_share, length=size)
        rows = {
            "predicted": np.asarray(predicted),
            "score": np.asarray(score),
            "pi": share,
            "log_share": logged,
        }

        def known(half: IntArray) -> Sample:
            here = half[is_known[half]]
            return Sample.of(
                **{name: column[here] for name, column in rows.items()}, label=outcome[here], score_bins=score_bins
            )

        earlier, later = np.array_split(np.arange(size), 2)
        fitted = known(earlier)
        cells = Population.from_rows(**{name: column[later] for name, column in rows.items()}, score_bins=score_bins)
        return cls(
            before=recalibrate(fitted.logit, fitted.truth, fitted.overall),
            estimator=BinaryEstimator(cells, known(later)),
            n=int(is_known.sum()),
        )


@dataclass(frozen=True)
class ConceptDrift:
    """A window's measured performance against what scores and earlier outcomes lead one to expect.

    Attributes
    ----------
    expected : Estimate
        Plug-in of m₀, plus the gap between measured and plug-in in the reference. Without a reference: the plug-in of
        the score itself.
    measured : Estimate
        From labels or outcomes of the window.
    difference : Estimate
        Measured minus expected: a difference in differences.
    p : float or None
        Two-sided probability of a difference at least as large without drift, adjusted for the metrics tested with it.
    has_drifted : bool
        Whether p is below `ALPHA`.
    code : str or None
        Why there is no test: the code of the missing figure, `no_reference`, `no_variation`, or `preliminary` where the
        measured figure does not stand.
    """

    expected: Estimate
    measured: Estimate
    difference: Estimate
    p: float | None = None
    has_drifted: bool = False
    code: str | None = None


def concept_drift(
    metrics: Sequence[Metric], window: BinaryEstimator, reference: Reference | None, *, level: float = LEVEL
) -> tuple[ConceptDrift, ...]:
    """Test whether the truth has moved away from the score, by a difference in differences.

    D = [measured − plug-in] now − [measured − plug-in] in the reference. No m₀ fits everywhere, and what it misses
    shows in both windows: the first difference alone finds drift between two random halves of one data set. V(D) adds
    up the variances of both measurements, of the outcomes of both windows about m₀, and of the fit of m₀,
    (g_now − g_ref)ᵀ Cov(m₀) (g_now − g_ref). Where not every prediction was logged, V(D) is too large: the chance of
    logging moves measured and plug-in alike.

    Parameters
    ----------
    metrics : sequence of str or formula
        Metrics of the confusion table, tested together.
    window : BinaryEstimator
        Estimator of the window, from reviews or from outcomes.
    reference : Reference or None
        Earlier predictions, none of them in the window.
    level : float, in (0, 1)
        Confidence level of the intervals.

    Returns
    -------
    tuple of ConceptDrift
        In the order of the metrics.

    Raises
    ------
    ValueError
        If a metric is unknown or not a metric of the confusion table, or the level is out of range.

    References
    ----------
    Guillory and others (2021), Predicting with confidence on unseen distributions; Welch (1947) for the degrees of
    freedom; Holm (1979), A simple sequentially rejective multiple test procedure.

    Examples
    --------
    >>> score, right = np.full(2000, 0.9), np.arange(2000) % 10 < 8
    >>> earlier = Reference.of(predicted=np.ones(2000), score=score, truth=right)
    >>> rows = {"predicted": [1] * 400, "score": [0.9] * 400, "pi": [1.0] * 400}
    >>> now = BinaryEstimator(Population.from_rows(**rows), Sample.of(**rows, label=[1] * 280 + [0] * 120))
    >>> (drift,) = concept_drift(["accuracy"], now, earlier)
    >>> round(drift.expected.value, 2), round(drift.difference.value, 2), drift.has_drifted
    (0.8, -0.1, True)
    """
    before, confidence = RAW_SCORE if reference is None else reference.before, as_level(level)
    now = Expectation(window, before)
    then = None if reference is None else Expectation(reference.estimator, before)
    compared = [_compare(metric, now, then, level=confidence) for metric in metrics]
    adjusted = holm(drift.p for drift in compared)
    return tuple(
        replace(drift, p=p, has_drifted=p is not None and p < ALPHA)
        for drift, p in zip(compared, adjusted, strict=True)
    )


def _compare(metric: Metric, now: Expectation, then: Expectation | None, *, level: float) -> ConceptDrift:
    """Compare one metric; its p is not adjusted yet."""
    plug_in, measured = now.of(metric), now.window.estimate(metric)
    if isinstance(plug_in, str):
        return _untested(missing(plug_in), measured, plug_in)
    if then is None:
        return _untested(_expected(metric, plug_in.value, [], level=level), measured, "no_reference")
    earlier, known = then.of(metric), then.window.estimate(metric)
    if isinstance(earlier, str) or known.value is None:
        return _untested(missing("no_reference"), measured, "no_reference")
    slope = plug_in.slope - earlier.slope
    of_fit = max(float(slope @ _covariance(now.before) @ slope), 0.0)
    parts = [_variance(known), earlier.of_outcomes, (of_fit, None)]
    value = plug_in.value + known.value - earlier.value
    expected = _expected(metric, value, parts, level=level)
    if measured.value is None:
        return _untested(expected, measured, measured.code or "no_labels")
    parts = [_variance(measured), plug_in.of_outcomes, *parts]
    se, df = _error(parts)
    if se == 0:
        return _untested(expected, measured, "no_variation")
    difference, p = _difference(metric, measured, measured.value - value, se=se, df=df, level=level)
    code = "preliminary" if measured.code == "preliminary" else None
    return ConceptDrift(expected, measured, difference, p=None if code else p, code=code)


def _untested(expected: Estimate, measured: Estimate, code: str) -> ConceptDrift:
    return ConceptDrift(expected, measured, missing(code, n=measured.n), code=code)


def _expected(metric: Metric, value: float, parts: list[Variance], *, level: float) -> Estimate:
    """Estimate what to expect, within the limits of the metric."""
    se, df = _error(parts)
    ends = _ends(value, _quantile(level, df) * se, _limits(metric))
    return Estimate(*ends, "plug-in", 0, se=se, df=df)


def _difference(
    metric: Metric, measured: Estimate, by: float, *, se: float, df: float | None, level: float
) -> tuple[Estimate, float]:
    """Estimate the difference, within the limits of a difference of the metric, and its p."""
    lowest, highest = _limits(metric)
    ends = _ends(by, _quantile(level, df) * se, (lowest - highest, highest - lowest))
    t = abs(by) / se
    p = 2 * float(stats.norm.sf(t) if df is None else stats.t.sf(t, df))
    n, n_eff, code = measured.n, measured.n_eff, measured.code
    return Estimate(*ends, "plain", n, n_eff=n_eff, code=code, se=se, df=df), p


def _ends(value: float, half: float, limits: tuple[float, float]) -> tuple[float, float, float]:
    """Return value, low and high, cut to the limits."""
    middle, low, high = (min(max(end, limits[0]), limits[1]) for end in (value, value - half, value + half))
    return middle, low, high


def _error(parts: list[Variance]) -> tuple[float, float | None]:
    """Return the standard error of a sum, and its degrees of freedom; None for a normal quantile."""
    variance = sum(variance for variance, _ in parts)
    return math.sqrt(variance), welch_df(parts) if variance else None


def _quantile(level: float, df: float | None) -> float:
    return float(stats.norm.ppf((1 + level) / 2)) if df is None else t_quantile(level, df)


def _variance(figure: Estimate) -> Variance:
    return (figure.se or 0.0) ** 2, figure.df


def _covariance(before: Recalibration) -> FloatArray:
    return np.zeros((2, 2)) if before.covariance is None else before.covariance


def _limits(metric: Metric) -> tuple[float, float]:
    if not isinstance(metric, str):
        return -math.inf, math.inf
    return (-1.0, 1.0) if metric in PLAIN_SCALE else (0.0, 1.0)
