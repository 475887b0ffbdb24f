"""Where to put the threshold: the value of deciding "positive" from each score on, and which scores are as good."""

from dataclasses import dataclass, replace

import numpy as np

from apps.stats.arrays import FloatArray
from apps.stats.decisions.band import Band, BinTotals
from apps.stats.estimate import Estimate, caveat_of
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.conclusion import still_needed, unfit
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.scoring import lacks_score
from apps.stats.estimators.value import ValueMatrix
from apps.stats.score_bins import ScoreBins

DRAWS = 1000

_NONE = np.zeros(0)


@dataclass(frozen=True)
class ThresholdChoice:
    """The thresholds that are as good as the best, and whether the current one is among them.

    Attributes
    ----------
    best : float
        Threshold with the largest estimate.
    flat_low, flat_high : float
        Range in which no threshold can be told from the best. Outside, the band of the differences to the best lies
        above 0.
    current : float or None
        The current threshold, moved to the nearest edge.
    gain : Estimate or None
        Value at the best minus value at the current threshold, with its interval from the band of the differences.
    advice : str or None
        `no_change` (the current threshold lies in the flat range), `raise` or `lower` (towards the best); None without
        a current threshold, or while the curve is preliminary.
    """

    best: float
    flat_low: float
    flat_high: float
    current: float | None = None
    gain: Estimate | None = None
    advice: str | None = None


@dataclass(frozen=True, eq=False)
class ThresholdCurve:
    """Mean value of a decision at each threshold.

    Attributes
    ----------
    thresholds : array (thresholds,)
        Scores, ascending: edges of the score bins that hold predictions. The decision is "positive" from this score on;
        at the first threshold always, at the last never.
    value, low, high : array (thresholds,), in the unit of the matrix
        Estimate, with its interval for one threshold chosen beforehand.
    band_low, band_high : array (thresholds,)
        The band that contains the whole curve.
    n : int
        Labels used.
    choice : ThresholdChoice or None
        The best thresholds; None without a curve.
    code : str or None
        Instead of a curve: `no_population`, `no_score` (some prediction has none), `no_amount`, `not_estimable`,
        `no_response`, `no_labels`. Beside a curve: `preliminary`, `adjudication_open`.
    labels_needed : int or None
        With `preliminary`: labels still needed before there is advice.
    """

    thresholds: FloatArray
    value: FloatArray
    low: FloatArray
    high: FloatArray
    band_low: FloatArray
    band_high: FloatArray
    n: int
    choice: ThresholdChoice | None = None
    code: str | None = None
    labels_needed: int | None = None


def threshold_curve(
    estimator: BinaryEstimator,
    matrix: ValueMatrix,
    *,
    rng: np.random.Generator,
    current: float | None = None,
    draws: int = DRAWS,
) -> ThresholdCurve:
    """Estimate the mean value of a decision as a function of the threshold.

    Any utility that is linear in the truth is a value matrix: accuracy is [[1, 0], [0, 1]], and the net benefit of a
    decision curve with odds w is [[0, 0], [−w, 1]].

    Parameters
    ----------
    estimator : BinaryEstimator
        Estimator of the window.
    matrix : ValueMatrix
        Two by two, with or without amounts.
    rng : numpy.random.Generator
        Source of the multiplier bootstrap of the band.
    current : float, in [0, 1], optional
        The current threshold.
    draws : int, positive
        Bootstrap draws.

    Returns
    -------
    ThresholdCurve
        Empty, with its code, where there is nothing to estimate.

    Raises
    ------
    ValueError
        If the matrix is not two by two, current is outside [0, 1] or draws is not positive.

    References
    ----------
    Hsu (1981), Simultaneous confidence intervals for all distances from the "best"; Vickers and Elkin (2006), Decision
    curve analysis; for the band see `BinTotals.joint_level`.

    Examples
    --------
    >>> from apps.stats.estimators.population import Population
    >>> from apps.stats.estimators.sample import Sample
    >>> rows = {"predicted": [0, 0, 1, 1], "score": [0.2, 0.4, 0.6, 0.8], "pi": [1.0] * 4}
    >>> known = BinaryEstimator(Population.from_rows(**rows), Sample.of(**rows, label=[0, 1, 0, 1]))
    >>> missing_one_costs_five = ValueMatrix.of([[0, -5], [-1, 0]])
    >>> curve = threshold_curve(known, missing_one_costs_five, rng=np.random.default_rng(1), current=0.6)
    >>> curve.value.round(6).tolist(), round(curve.choice.best, 2), curve.choice.advice
    ([-0.5, -0.25, -1.5, -1.25, -2.5], 0.38, 'lower')
    """
    score_bins = estimator.population.score_bins
    edge = _edge_of(current, score_bins)
    _check(matrix, draws)
    pseudo, n, level = estimator.pseudo, len(estimator.sample.pi), estimator.level
    if refusal := _refusal(pseudo, matrix):
        return ThresholdCurve(_NONE, _NONE, _NONE, _NONE, _NONE, _NONE, n, code=refusal)
    totals = BinTotals.of(pseudo, uses_amount=matrix.uses_amount)
    certain, slopes = _decided(matrix, len(totals.bins))
    value = totals.mean(certain, slopes)
    band = totals.band(certain, slopes, level=level, draws=draws, rng=rng)
    best = int(value.argmax())
    apart = totals.band(certain[best] - certain, slopes[best] - slopes, level=level, draws=draws, rng=rng)
    n_open = int((~estimator.sample.constant).sum())
    needed = still_needed(pseudo, nu=float(band.nu[best]), n=n_open) if band.se.any() else 0
    curve = ThresholdCurve(
        thresholds=score_bins.bounds[np.append(totals.bins, totals.bins[-1] + 1)],
        value=value,
        low=value - band.half,
        high=value + band.half,
        band_low=value - band.joint_half,
        band_high=value + band.joint_half,
        n=n,
        code=caveat_of(
            is_preliminary=needed > 0,
            is_adjudication_open=estimator.sample.is_adjudication_open,
            is_boundary=False,
        ),
        labels_needed=needed or None,
    )
    position = None if edge is None else int(np.searchsorted(totals.bins, edge))
    return replace(curve, choice=_choice(curve, apart, best=best, current=position))


def _choice(curve: ThresholdCurve, apart: Band, *, best: int, current: int | None) -> ThresholdChoice:
    """Compare each threshold, and the current one, with the best by the band of their differences."""
    lead = curve.value[best] - curve.value
    # Without the tolerance, rounding would separate thresholds that decide alike.
    flat = np.flatnonzero(lead <= apart.joint_half + 1e-12 * np.abs(curve.value).max())
    first, last = int(flat[0]), int(flat[-1])
    scores = curve.thresholds
    choice = ThresholdChoice(float(scores[best]), float(scores[first]), float(scores[last]))
    if current is None:
        return choice
    advice = "no_change" if first <= current <= last else "raise" if current < best else "lower"
    ahead, half = float(lead[current]), float(apart.joint_half[current])
    return replace(
        choice,
        current=float(scores[current]),
        gain=Estimate(
            ahead,
            ahead - half,
            ahead + half,
            "bootstrap",
            curve.n,
            code=curve.code,
            se=float(apart.se[current]),
            df=float(apart.df[current]),
            labels_needed=curve.labels_needed,
        ),
        advice=None if curve.code == "preliminary" else advice,
    )


def _check(matrix: ValueMatrix, draws: int) -> None:
    if len(matrix.matrix) != 2:
        raise ValueError("matrix must be two by two for a binary model")
    if draws < 1:
        raise ValueError(f"draws must be positive, got {draws}")


def _edge_of(current: float | None, score_bins: ScoreBins) -> int | None:
    """Return the index of the bound of a bin nearest to the current threshold."""
    if current is None:
        return None
    if not 0 <= current <= 1:
        raise ValueError(f"current must be in [0, 1], got {current}")
    return int(np.abs(score_bins.bounds - current).argmin())


def _refusal(pseudo: PseudoValues, matrix: ValueMatrix) -> str | None:
    """Return the code that says why there is no curve, or None."""
    if lacking := lacks_score(pseudo):
        return lacking
    if matrix.uses_amount and not np.isfinite(pseudo.sample.amount).all():
        return "no_amount"
    if not np.ptp(matrix.matrix, axis=1).any():
        return None  # the value does not depend on the truth: no label is needed
    return unfit(pseudo.population, n=len(pseudo.sample.pi))


def _decided(matrix: ValueMatrix, bins: int) -> tuple[FloatArray, FloatArray]:
    """Return the value if the truth is 0, and what a truth of 1 adds, by threshold and bin (bins + 1, bins)."""
    is_positive = np.arange(bins)[None, :] >= np.arange(bins + 1)[:, None]
    negative, positive = matrix.matrix
    certain = np.where(is_positive, positive[0], negative[0])
    return certain, np.where(is_positive, positive[1] - positive[0], negative[1] - negative[0])
