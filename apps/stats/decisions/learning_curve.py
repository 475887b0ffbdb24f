"""Learning curve: what a candidate gains over the live model by the number of labels it learns from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from apps.stats.arrays import FloatArray
from apps.stats.decisions.paired_gain import (
    MOST_FROM_TRAINING,
    HeldOut,
    TrainingVariance,
    paired_gain,
    training_variance,
)
from apps.stats.estimate import Estimate
from apps.stats.intervals import LEVEL, t_quantile

#: The curve is not continued beyond this multiple of the labels there are.
FARTHEST = 4.0
#: Exponents of learning curves, see Viering and Loog (2022).
EXPONENTS = np.linspace(0.2, 1.2, 21)
DRAWS = 400
#: Fewer more labels than a tenth tell nothing that these do not.
FEWEST_MORE = 1.1
_STEPS = 61


@dataclass(frozen=True, eq=False)
class Trial:
    """Candidates that learned from about `size` labels.

    Attributes
    ----------
    size : float
        Labels of each, on average.
    gains : array (J, n)
        Loss of the live model minus that of the candidate of the case's fold, of J candidates with disjoint labels.
    """

    size: float
    gains: FloatArray

    @property
    def mean(self) -> FloatArray:
        """Each case's gain, averaged over the candidates."""
        return np.asarray(self.gains.mean(axis=0), dtype=np.float64)


@dataclass(frozen=True)
class Point:
    """A point of the curve: labels that train, and the gain of a candidate trained on so many."""

    size: float
    gain: Estimate


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """A curve g(m) = c − a·m^(−b), with draws of its parameters.

    Attributes
    ----------
    points : tuple of Point
        Measured, the smallest size first.
    parameters : array (draws, 3)
        a, b and c, refitted to draws of the measured gains.
    variance, training : float, TrainingVariance
        Variance of the gain at the largest size from the choice of cases, and how much candidates differ.
    misfit : float, not negative
        Variance of the measured gains about the curve beyond that of their errors.
    """

    points: tuple[Point, ...]
    parameters: FloatArray
    variance: float
    training: TrainingVariance
    misfit: float = 0.0

    @property
    def largest(self) -> float:
        """Labels that trained at the last point."""
        return self.points[-1].size

    def at(self, size: float, *, level: float = LEVEL) -> Estimate:
        """Continue the curve to so many labels: the median of its draws, with their range, wider where it fits badly.

        Raises
        ------
        ValueError
            If the size is not positive or lies beyond four times the last point.
        """
        if not 0 < size <= FARTHEST * self.largest * (1 + 1e-9):
            raise ValueError(f"size must lie within {FARTHEST:.0f} times the labels there are, got {size}")
        a, b, c = self.parameters.T
        rng = np.random.default_rng(len(self.parameters))
        # One candidate differs from the mean of many, by as much either way.
        apart = math.sqrt(self._training_at(size) + self.misfit) * rng.standard_normal(len(self.parameters))
        low, middle, high = np.quantile(c - a * size**-b + apart, [(1 - level) / 2, 0.5, (1 + level) / 2]).tolist()
        return Estimate(middle, low, high, "bootstrap", self.points[-1].gain.n)

    def enough(self, *, level: float = LEVEL) -> float | None:
        """Return the labels from which on the range is expected to exclude 0; None if four times as many do not.

        With m labels the half-width is expected to be that of now times √(M/m).
        """
        sizes = np.geomspace(FEWEST_MORE * self.largest, FARTHEST * self.largest, _STEPS)
        a, b, c = self.parameters.T[:, :, None]
        expected = np.median(c - a * sizes**-b, axis=0)
        reach = t_quantile(level, self.points[-1].gain.df or math.inf) * np.sqrt(
            self.variance * self.largest / sizes + np.array([self._training_at(size) for size in sizes])
        )
        tells = np.abs(expected) > reach
        return float(sizes[int(np.argmax(tells))]) if tells.any() else None

    def _training_at(self, size: float) -> float:
        return self.training.at(size, most=MOST_FROM_TRAINING * self.variance * self.largest / size)


def learning_curve(
    trials: Sequence[Trial], cases: HeldOut, *, rng: np.random.Generator, level: float = LEVEL
) -> LearningCurve:
    """Estimate the gain at each size, and fit g(m) = c − a·m^(−b), a ≥ 0, to draws of these estimates.

    The gains of all sizes are judged by the same cases, so their errors move together: the draws are normal with the
    covariance of the linearized means by subject, and with the variance between candidates, which is independent.

    Parameters
    ----------
    trials : sequence of Trial, at least one
        The sizes in rising order.
    cases : HeldOut
        The cases that judged them.
    rng : numpy.random.Generator
        Draws of the gains.
    level : float, in (0, 1)
        Confidence level.

    Returns
    -------
    LearningCurve

    Raises
    ------
    ValueError
        If there is no trial, sizes do not rise, or shapes do not fit.

    References
    ----------
    Viering and Loog (2022), The shape of learning curves: a review; Figueroa et al. (2012), Predicting sample size
    required for classification performance.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> cases = HeldOut.of(weight=np.ones(4000), subject=np.arange(4000), fold=np.arange(4000) % 5)
    >>> noise = rng.normal(0, 0.3, 4000)
    >>> trials = [Trial(m, noise[None] + 0.05 - m**-0.5) for m in (100.0, 400.0, 1600.0)]
    >>> curve = learning_curve(trials, cases, rng=rng)
    >>> round(curve.points[-1].gain.value, 3), round(curve.at(6400.0).value, 3)
    (0.02, 0.033)
    """
    sizes = np.array([trial.size for trial in trials])
    if not len(sizes) or (sizes <= 0).any() or (np.diff(sizes) <= 0).any():
        raise ValueError("trials must have sizes above 0 in rising order")
    between = training_variance([(trial.size, trial.gains) for trial in trials], cases)
    parts = np.stack([cases.by_subject(trial.mean) for trial in trials])
    covariance = parts @ parts.T * (parts.shape[1] / max(parts.shape[1] - 1, 1))
    own = np.diag(covariance)
    spread = np.array(
        [between.at(size, most=MOST_FROM_TRAINING * float(variance)) for size, variance in zip(sizes, own, strict=True)]
    )
    points = tuple(
        Point(
            trial.size,
            paired_gain(trial.mean, cases, training_variance=float(extra), training_df=between.df, level=level),
        )
        for trial, extra in zip(trials, spread, strict=True)
    )
    candidates = np.array([len(trial.gains) * len(np.unique(cases.fold)) for trial in trials])
    means = np.array([cases.mean(trial.mean) for trial in trials])
    errors = covariance + np.diag(spread / candidates)
    drawn = rng.multivariate_normal(means, errors, size=DRAWS, method="eigh")
    return LearningCurve(
        points,
        fit_power_law(sizes, drawn, np.diag(errors)),
        float(own[-1]),
        between,
        _misfit(sizes, means, np.diag(errors)),
    )


def _misfit(sizes: FloatArray, gains: FloatArray, variances: FloatArray) -> float:
    """Estimate the variance about the curve, which has three parameters, less that of the gains' errors.

    >>> m = np.array([100.0, 200.0, 400.0, 800.0, 1600.0])
    >>> exact, step = 0.1 - m**-0.5, np.array([0.0, 0.0, 0.1, 0.1, 0.1])
    >>> _misfit(m, exact, np.full(5, 1e-6)), round(_misfit(m, step, np.full(5, 1e-6)) ** 0.5, 2)
    (0.0, 0.04)
    """
    if len(sizes) <= 3:
        return 0.0
    a, b, c = fit_power_law(sizes, gains[None], variances)[0]
    left = gains - (c - a * sizes**-b)
    return max(0.0, float(left @ left) / (len(sizes) - 3) - float(variances.mean()))


def fit_power_law(sizes: FloatArray, gains: FloatArray, variances: FloatArray) -> FloatArray:
    """Fit g(m) = c − a·m^(−b) with a ≥ 0 to each row by weighted least squares, b on a grid from 0.2 to 1.2.

    Parameters
    ----------
    sizes : array (sizes,), positive
        m.
    gains : array (rows, sizes)
        g(m).
    variances : array (sizes,), not negative
        Of each gain; the least squares weigh by their inverse.

    Returns
    -------
    array (rows, 3)
        a, b and c of each row.

    Examples
    --------
    >>> m = np.array([100.0, 400.0, 1600.0])
    >>> fit_power_law(m, (0.1 - m**-0.5)[None], np.ones(3)).round(3).tolist()
    [[1.0, 0.5, 0.1]]
    """
    weight = 1 / np.maximum(variances, variances.max(initial=0.0) * 1e-6 + 1e-300)
    weight = weight / weight.sum()
    level = gains @ weight
    best = np.stack([np.zeros(len(gains)), np.full(len(gains), 0.5), level], axis=1)
    least = ((gains - level[:, None]) ** 2) @ weight
    for b in EXPONENTS:
        falling = sizes**-b
        centered = falling - falling @ weight
        square = float(weight @ centered**2)
        if square < 1e-300:
            continue
        a = np.maximum(-(gains @ (weight * centered)) / square, 0.0)
        c = level + a * float(falling @ weight)
        left = ((gains - c[:, None] + a[:, None] * falling) ** 2) @ weight
        is_better = left < least * (1 - 1e-9)
        best[is_better] = np.stack([a, np.full(len(a), b), c], axis=1)[is_better]
        least = np.where(is_better, left, least)
    return best
